"""A deployment over three hosts: the order of its steps, and what it makes of what is there already."""

import re
import signal

import pytest

from deploy.errors import DeployError
from deploy.reports import GOOD, PREPARED
from tests.deploy.fab.conftest import BEFORE, COMMIT, NAMES, OLDER, Stage
from tests.deploy.fab.host_in_memory import HostInMemory


def test_deploy_prepares_all_then_migrates_once_then_switches_host_by_host(stage: Stage) -> None:
    release = stage.deploy()
    stage.assert_all_run(release)
    stage.assert_unlocked()
    assert release.endswith("-222222222222")
    assert {host.releases[release]["state"] for host in stage.hosts} == {GOOD}
    order = [step for _, step in stage.steps("lock", "prepare", "migrate", "activate", "mark", "prune", "unlock")]
    parts = ["lock"] * 3 + ["prepare"] * 3 + ["migrate"] + ["activate"] * 3 + ["mark"] * 3 + ["prune"] * 3
    assert order == [*parts, *["unlock"] * 3]
    assert stage.steps("migrate", "activate") == [("a", "migrate"), *((name, "activate") for name in NAMES)]


def test_who_says_no_to_the_plan_has_changed_nothing(stage: Stage) -> None:
    stage.says_yes = False
    with pytest.raises(DeployError, match="Nothing was changed"):
        stage.deploy()
    assert stage.questions == ["Deploy to 3 hosts?"]
    assert not stage.steps("lock", "upload", "prepare", "migrate", "activate", "mark", "prune")


def test_what_runs_everywhere_already_is_rolled_over_and_marked_but_not_prepared(stage: Stage) -> None:
    current = "20260103T000000Z-222222222222"
    for host in stage.hosts:
        host.have(current, PREPARED, commit=COMMIT)
        host.serve(current)
    stage.host("b").runs["solo:solo_1"] = BEFORE
    assert stage.deploy() == current
    stage.assert_all_run(current)
    assert "All of them run this commit already" in stage.text
    assert not stage.steps("upload", "prepare", "migrate")
    assert {host.releases[current]["state"] for host in stage.hosts} == {GOOD}


@pytest.mark.parametrize("name", NAMES)
def test_what_runs_already_and_fails_now_is_neither_condemned_nor_left(stage: Stage, name: str) -> None:
    current = "20260103T000000Z-222222222222"
    for host in stage.hosts:
        host.have(current, commit=COMMIT)
        host.serve(current)
    stage.host(name).troubles["activate 1"] = HostInMemory.fail
    with pytest.raises(DeployError, match="nothing to go back to"):
        stage.deploy()
    assert {host.current for host in stage.hosts} == {current}
    assert {host.releases[current]["state"] for host in stage.hosts} == {GOOD}


@pytest.mark.parametrize("current", ["20260103T000000Z-222222222222-dirty", "20260103T000000Z-222222222222"])
def test_commit_that_runs_with_changes_or_on_one_host_only_is_deployed_anew(stage: Stage, current: str) -> None:
    for host in stage.hosts if current.endswith("dirty") else stage.hosts[:1]:
        host.have(current, commit=COMMIT)
        host.serve(current)
    assert stage.deploy() > current
    assert len(stage.steps("prepare")) == 3


def test_new_release_sorts_after_all_others_whatever_the_clock_says(stage: Stage) -> None:
    stage.host("c").have("29991231T235959Z-333333333333")
    assert stage.deploy() == "30000101T000000Z-222222222222"


def test_lock_that_somebody_holds_is_told_with_the_plan_and_changes_nothing(stage: Stage) -> None:
    stage.host("b").locked_by = "ann@laptop"
    with pytest.raises(DeployError, match="b: locked by ann@laptop"):
        stage.deploy()
    assert stage.questions == []
    assert not stage.steps("lock")


def test_deployment_of_somebody_else_while_the_operator_thinks_is_noticed(stage: Stage) -> None:
    stage.host("a").troubles["lock"] = lambda host: host.serve(OLDER)
    with pytest.raises(DeployError, match="a: somebody has deployed meanwhile"):
        stage.deploy()
    assert not stage.steps("upload", "prepare", "activate")
    stage.assert_unlocked()


def test_all_hosts_that_cannot_be_reached_are_named_at_once(stage: Stage) -> None:
    stage.host("a").is_reachable = stage.host("c").is_reachable = False
    with pytest.raises(DeployError, match=re.escape("a: no answer (and 1 more of 3 hosts failed)")):
        stage.deploy()
    assert "✗ a" in stage.text
    assert "✗ c" in stage.text


def test_signals_end_as_they_were_before(stage: Stage) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    stage.deploy()
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before
