"""A deployment over three hosts when a step fails, a connection breaks or the operator stops it."""

import os
import signal
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.archive import Archive
from deploy.errors import DeployError
from deploy.reports import FAILED, PREPARED
from tests.deploy.fab.conftest import BEFORE, NAMES, Stage, serving_stage
from tests.deploy.fab.host_in_memory import HostInMemory, Trouble
from tests.deploy.load import wait_until

BEFORE_THE_SWITCH = ("open", "status 1", "lock", "status 2", "upload", "prepare")
AFTER_THE_SWITCH = ("mark", "prune", "status 3")


def press_ctrl_c(_host: HostInMemory) -> None:
    """Press it, and go on."""
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.01)  # where this is another thread than the one that hears it


TROUBLES: dict[str, Trouble] = {
    "fails": HostInMemory.fail,
    "breaks off": HostInMemory.lose_connection,
    "Ctrl-C": press_ctrl_c,
}


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("step", [*BEFORE_THE_SWITCH, "migrate"])
def test_trouble_before_the_switch_leaves_all_hosts_as_they_were(
    stage: Stage, step: str, name: str, trouble: str
) -> None:
    stage.host("a" if step == "migrate" else name).troubles[step] = TROUBLES[trouble]
    with pytest.raises(DeployError) as told:
        stage.deploy()
    stage.assert_all_run(BEFORE)
    stage.assert_unlocked_where_open()
    assert not stage.steps("activate")
    assert "Nothing was changed" in str(told.value) or "No host was switched" in str(told.value)


def test_release_whose_migration_fails_is_marked_as_failed_everywhere(stage: Stage) -> None:
    stage.host("a").troubles["migrate"] = HostInMemory.fail
    with pytest.raises(DeployError, match="a: solo:solo_0 is not ready\n  No host was switched"):
        stage.deploy()
    release = max(stage.hosts[0].releases)
    assert {host.releases[release]["state"] for host in stage.hosts} == {FAILED}
    assert "broken on purpose" in stage.text


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("step", ["migrate", "activate 1"])
def test_who_stops_or_fails_after_the_migration_is_told_where_the_database_stays(
    stage: Stage, step: str, trouble: str
) -> None:
    stage.host("a").troubles[step] = TROUBLES[trouble]
    with pytest.raises(DeployError) as told:
        stage.deploy()
    was_migrated = step == "activate 1" or trouble == "Ctrl-C"  # a migration that has begun is not stopped
    assert ("The database stays at aaa2; it was at aaa1 before." in str(told.value)) == was_migrated


def test_ctrl_c_does_not_wait_for_hosts_that_prepare(stage: Stage) -> None:
    hangs, closed = threading.Event(), []

    def hang(host: HostInMemory) -> None:
        hangs.set()
        wait_until(lambda: not host.is_open, "the connection is closed", 20)
        closed.append(host.name)
        host.lose_connection()

    stage.host("a").troubles["prepare"] = hang
    stage.host("b").troubles["prepare"] = lambda host: hangs.wait(20) and press_ctrl_c(host)
    with pytest.raises(DeployError, match=r"^Stopped by the operator\. No host was switched\.$"):
        stage.deploy()
    assert closed == ["a"]
    stage.assert_all_run(BEFORE)


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", NAMES)
def test_trouble_in_the_switch_takes_that_host_and_those_done_back_in_reverse(
    stage: Stage, name: str, trouble: str
) -> None:
    stage.host(name).troubles["activate 1"] = TROUBLES[trouble]
    with pytest.raises(DeployError, match=f"All hosts run {BEFORE} again"):
        stage.deploy()
    release = max(stage.hosts[0].releases)
    stage.assert_all_run(BEFORE)
    stage.assert_unlocked()
    touched = list(NAMES[: NAMES.index(name) + 1])
    assert [host for host, _ in stage.steps("activate")] == [*touched, *reversed(touched)]
    assert {host.releases[release]["state"] for host in stage.hosts} == {FAILED}
    reason = "stopped by the operator" if trouble == "Ctrl-C" else f"{name}: "
    assert all(host.releases[release]["reason"].startswith(reason) for host in stage.hosts)
    assert ("broken on purpose" in stage.text) == (trouble == "fails")  # the log of the process


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("step", AFTER_THE_SWITCH)
def test_trouble_after_the_switch_takes_nothing_back(stage: Stage, step: str, name: str, trouble: str) -> None:
    stage.host(name).troubles[step] = TROUBLES[trouble]
    if trouble == "Ctrl-C":  # too late: what is left takes a moment
        stage.deploy()
        wait_until(lambda: "Heard you: the release runs everywhere" in stage.text, "the operator is answered", 20)
    else:
        with pytest.raises(DeployError, match="runs on all hosts; fab deploy once more"):
            stage.deploy()
    stage.assert_all_run(max(stage.hosts[0].releases))
    stage.assert_unlocked_where_open()


@settings(max_examples=150, deadline=None)
@given(
    troubles=st.dictionaries(
        st.tuples(
            st.sampled_from(NAMES),
            st.sampled_from([*BEFORE_THE_SWITCH, "migrate", "activate 1", *AFTER_THE_SWITCH]),
        ),
        st.sampled_from(["fails", "breaks off"]),
        max_size=5,
    )
)
def test_whatever_fails_all_hosts_run_one_release(archive: Archive, troubles: dict[tuple[str, str], str]) -> None:
    stage = serving_stage(archive)
    for (name, step), trouble in troubles.items():
        stage.host(name).troubles[step] = TROUBLES[trouble]
    try:
        release = stage.deploy()
    except DeployError:
        release = next(iter({host.current for host in stage.hosts}))
    stage.assert_all_run(release)


def test_host_that_cannot_go_back_keeps_no_other_from_it_and_is_named(stage: Stage) -> None:
    stage.host("c").troubles["activate 1"] = HostInMemory.fail
    stage.host("b").troubles["activate 2"] = HostInMemory.fail
    with pytest.raises(DeployError, match="b could not go back"):
        stage.deploy()
    release = max(stage.hosts[0].releases)
    assert [stage.host(name).current for name in NAMES] == [BEFORE, BEFORE, BEFORE]
    assert stage.host("b").runs["solo:solo_1"] == release  # the trouble came before its turn
    rows = [line.split() for line in stage.text.partition("What is where now")[2].splitlines() if line.strip()]
    ready = {row[0]: row[3:] for row in rows if row[0] in NAMES}
    assert ready["a"] == ready["c"] == ["2", "of", "2", "ready"]
    assert ready["b"] == ["1", "of", "2", "ready"]


def test_host_that_is_gone_for_good_is_told_and_the_others_go_back(stage: Stage) -> None:
    stage.host("b").troubles["activate 1"] = lambda host: host.lose_connection(for_good=True)
    with pytest.raises(DeployError, match="b could not go back"):
        stage.deploy()
    assert stage.host("a").runs == dict.fromkeys(stage.host("a").runs, BEFORE)
    assert "nobody knows" in stage.text.partition("What is where now")[2]


def test_lost_lock_stops_the_rollout_before_the_next_host(stage: Stage) -> None:
    def lose_lock(_: HostInMemory) -> None:
        stage.host("b").unlock()

    stage.host("a").troubles["activate 1"] = lose_lock
    with pytest.raises(DeployError, match="b: the lock is lost"):
        stage.deploy()
    stage.assert_all_run(BEFORE)


def test_first_deploy_that_fails_has_nothing_to_go_back_to_and_says_so(empty_stage: Stage) -> None:
    empty_stage.host("b").troubles["activate 1"] = HostInMemory.fail
    with pytest.raises(DeployError, match="There is nothing to go back to"):
        empty_stage.deploy()
    assert "this is the first release there" in empty_stage.text
    assert [host for host, _ in empty_stage.steps("activate")] == ["a", "b"]
    assert empty_stage.host("c").current is None
    release = max(empty_stage.hosts[0].releases)
    assert {host.releases[release]["state"] for host in empty_stage.hosts} == {FAILED}


def test_deploy_after_a_killed_one_goes_back_to_what_was_good_not_to_what_it_left(stage: Stage) -> None:
    killed = "20260102T120000Z-999999999999"
    for host in stage.hosts:
        host.have(killed, PREPARED)
    stage.host("a").serve(killed)
    stage.host("a").troubles["activate 1"] = HostInMemory.fail
    with pytest.raises(DeployError, match=f"All hosts run {BEFORE} again"):
        stage.deploy()
    stage.assert_all_run(BEFORE)


def test_host_that_somebody_else_has_deployed_meanwhile_is_left_alone(stage: Stage) -> None:
    theirs = "20260103T120000Z-888888888888"

    def take_over(host: HostInMemory) -> None:
        first = stage.host("a")
        first.unlock()
        first.have(theirs)
        first.serve(theirs)
        host.fail()

    stage.host("b").troubles["activate 1"] = take_over
    with pytest.raises(DeployError, match="a could not go back"):
        stage.deploy()
    assert stage.host("a").current == theirs
    assert stage.host("b").current == BEFORE
    assert f"somebody has deployed {theirs} meanwhile: it is left alone" in stage.text
