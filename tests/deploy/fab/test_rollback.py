"""Which release a rollback goes to, what it says of the database, and what happens when it fails."""

import signal

import pytest

from deploy.errors import DeployError
from deploy.reports import FAILED, GOOD, PREPARED
from tests.deploy.fab.conftest import BEFORE, NAMES, OLDER, Stage
from tests.deploy.fab.host_in_memory import HostInMemory

OLDEST, NEWEST = "20251231T000000Z-eeeeeeeeeeee", "20260103T000000Z-333333333333"


def test_rollback_goes_to_the_last_good_release_host_by_host(stage: Stage) -> None:
    stage.roll_back()
    stage.assert_all_run(OLDER)
    stage.assert_unlocked()
    assert stage.questions == [f"Roll 3 hosts back to {OLDER}?"]
    assert [host for host, _ in stage.steps("activate")] == list(NAMES)
    assert not stage.steps("upload", "prepare", "migrate", "prune")


@pytest.mark.parametrize("state", [FAILED, PREPARED])
def test_rollback_passes_over_what_is_not_good(stage: Stage, state: str) -> None:
    for host in stage.hosts:
        host.have(OLDEST)
    stage.host("c").releases[OLDER]["state"] = state
    stage.roll_back()
    stage.assert_all_run(OLDEST)


def test_rollback_passes_over_what_a_host_lacks(stage: Stage) -> None:
    for host in stage.hosts:
        host.have(OLDEST)
    del stage.host("b").releases[OLDER]
    stage.roll_back()
    stage.assert_all_run(OLDEST)


def test_rollback_of_a_rollback_goes_further_back_not_forward(stage: Stage) -> None:
    for host in stage.hosts:
        host.have(OLDEST)
    stage.roll_back()
    stage.roll_back()
    stage.assert_all_run(OLDEST)


def test_rollback_after_a_deploy_after_a_rollback_goes_to_what_ran_before_the_deploy(stage: Stage) -> None:
    for host in stage.hosts:
        host.have(OLDEST)
    stage.roll_back(OLDEST)  # from BEFORE, which nobody wants back although it counts as good
    stage.deploy()
    stage.roll_back()
    stage.assert_all_run(OLDEST)


def test_hosts_at_different_releases_come_together_at_the_older(stage: Stage) -> None:
    stage.host("c").have(NEWEST)
    stage.host("c").serve(NEWEST)
    stage.roll_back()
    stage.assert_all_run(BEFORE)


def test_named_release_may_be_newer(stage: Stage) -> None:
    stage.roll_back()
    stage.roll_back(BEFORE)
    stage.assert_all_run(BEFORE)


@pytest.mark.parametrize(
    ("named", "reason"),
    [("20200101T000000Z-aaaaaaaaaaaa", "no host has it"), (NEWEST, "b, c lack it"), (OLDEST, "it slept")],
)
def test_named_release_that_is_missing_or_failed_is_refused(stage: Stage, named: str, reason: str) -> None:
    stage.host("a").have(NEWEST)
    for host in stage.hosts:
        host.have(OLDEST, FAILED)
        host.releases[OLDEST]["reason"] = "it slept"
    with pytest.raises(DeployError, match=reason):
        stage.roll_back(named)
    stage.assert_all_run(BEFORE)
    assert stage.questions == []


def test_nothing_before_the_current_release_is_told(stage: Stage) -> None:
    for host in stage.hosts:
        del host.releases[OLDER]
    with pytest.raises(DeployError, match=f"There is no good release before {BEFORE} that all hosts have"):
        stage.roll_back()


def test_hosts_without_a_release_are_told(empty_stage: Stage) -> None:
    with pytest.raises(DeployError, match="Nothing runs on these hosts yet"):
        empty_stage.roll_back()


@pytest.mark.parametrize("name", NAMES)
def test_rollback_that_fails_returns_to_what_ran_and_condemns_nothing(stage: Stage, name: str) -> None:
    stage.host(name).troubles["activate 1"] = HostInMemory.fail
    with pytest.raises(DeployError, match=f"{OLDER} is not rolled out: {name}: .*\n  All hosts run {BEFORE} again"):
        stage.roll_back()
    stage.assert_all_run(BEFORE)
    stage.assert_unlocked()
    assert {host.releases[OLDER]["state"] for host in stage.hosts} == {GOOD}


@pytest.mark.parametrize("step", ["open", "status 1", "lock", "status 2"])
def test_rollback_that_fails_before_the_switch_changes_nothing(stage: Stage, step: str) -> None:
    stage.host("b").troubles[step] = HostInMemory.fail
    with pytest.raises(DeployError, match="Nothing was changed"):
        stage.roll_back()
    stage.assert_all_run(BEFORE)
    assert not stage.steps("activate", "mark")


def test_rollback_that_is_stopped_after_the_switch_does_not_say_that_nothing_was_changed(stage: Stage) -> None:
    stage.host("a").troubles["unlock"] = lambda _: signal.raise_signal(signal.SIGINT)
    with pytest.raises(DeployError, match=f"All hosts run {OLDER}"):
        stage.roll_back()
    stage.assert_all_run(OLDER)
    stage.assert_unlocked()


@pytest.mark.parametrize("knows", [BEFORE, NEWEST])  # what runs, or a release that was rolled back from
def test_database_ahead_shows_what_would_be_undone_and_the_command_but_does_not_run_it(
    stage: Stage, knows: str
) -> None:
    for host in stage.hosts:
        host.releases[OLDER]["revision"] = "aaa1"
    undone = [{"revision": "aaa3", "message": "The third table"}, {"revision": "aaa2", "message": "The second table"}]
    stage.host("a").database = {"current": "aaa3", "release": "aaa1", "downgrade": undone}
    stage.host("a").have(knows, FAILED, revision="aaa3")
    stage.roll_back()
    assert "! The database is ahead: at aaa3; this release is made for aaa1." in stage.text
    assert "    aaa3  The third table\n    aaa2  The second table\n" in stage.text
    folder = f"/srv/solo/releases/{knows}"
    assert f"cd {folder} && .venv/bin/python manage.py db downgrade aaa1\n" in stage.text
    assert not [call for call in stage.calls if "downgrade" in call]
    stage.assert_all_run(OLDER)


def test_database_that_stays_is_told(stage: Stage) -> None:
    stage.roll_back()
    assert "The database stays at aaa1." in stage.text


def test_rollback_to_what_runs_already_rolls_over_what_is_behind(stage: Stage) -> None:
    stage.host("b").runs["solo:solo_1"] = OLDER
    stage.roll_back(BEFORE)
    stage.assert_all_run(BEFORE)
    assert "All hosts run it already" in stage.text
