"""What ``fab restart`` asks of the hosts, and what it says when that cannot be."""

import signal

import pytest

from deploy.errors import DeployError
from deploy.reports import FAILED, GOOD, PREPARED
from tests.deploy.fab.conftest import BEFORE, NAMES, OLDER, Stage


def test_restart_starts_what_runs_again_host_by_host(stage: Stage) -> None:
    stage.restart()
    stage.assert_all_run(BEFORE)
    stage.assert_unlocked()
    assert stage.questions == ["Restart 3 hosts?"]
    assert [call[0] for call in stage.calls if call[1] == "activate" and "--again" in call] == list(NAMES)
    assert not stage.steps("upload", "prepare", "migrate", "prune", "mark")


def test_restart_that_fails_leaves_the_hosts_after_it_alone(stage: Stage) -> None:
    second = stage.host(NAMES[1])
    second.troubles["activate"] = type(second).fail
    with pytest.raises(DeployError, match="solo_0 is not ready") as error:
        stage.restart()
    told = "Restarted: a. As the failure left it: b. Not reached, with the settings it had: c."
    assert str(error.value).endswith(told)
    assert [host for host, _ in stage.steps("activate")] == list(NAMES[:2])
    stage.assert_all_run(BEFORE)
    stage.assert_unlocked()


def test_settings_that_cannot_be_read_are_found_before_a_process_is_touched(stage: Stage) -> None:
    second = stage.host(NAMES[1])
    second.troubles["database"] = type(second).fail
    with pytest.raises(DeployError, match="Nothing was changed"):
        stage.restart()
    assert not stage.steps("activate")
    stage.assert_unlocked()


def test_restart_of_hosts_that_run_different_releases_is_refused(stage: Stage) -> None:
    stage.host(NAMES[2]).serve(OLDER)
    with pytest.raises(DeployError, match="different releases"):
        stage.restart()
    assert not stage.steps("lock", "activate")


@pytest.mark.parametrize(("state", "runs"), [(PREPARED, BEFORE), (FAILED, BEFORE), (GOOD, OLDER)])
def test_restart_of_a_host_that_was_left_half_way_is_refused(stage: Stage, state: str, runs: str) -> None:
    host = stage.host(NAMES[1])
    host.releases[BEFORE]["state"] = state
    host.runs["solo:solo_1"] = runs
    with pytest.raises(DeployError, match="deploy"):
        stage.restart()
    assert not stage.steps("lock", "activate")


@pytest.mark.parametrize(
    ("number", "told"),
    [(0, "Restarted: a. Not reached, with the settings it had: b, c."), (2, "")],
    ids=["first host", "last host"],
)
def test_restart_that_is_stopped_finishes_the_host_and_says_what_is_where(stage: Stage, number: int, told: str) -> None:
    stage.host(NAMES[number]).troubles["activate"] = lambda _: signal.raise_signal(signal.SIGINT)
    if told:
        with pytest.raises(DeployError, match="Stopped by the operator") as error:
            stage.restart()
        assert str(error.value).endswith(told)
    else:
        stage.restart()
    assert len(stage.steps("activate")) == number + 1
    stage.assert_unlocked()


def test_restart_that_is_stopped_after_the_last_host_does_not_say_that_nothing_was_changed(stage: Stage) -> None:
    stage.host("a").troubles["unlock"] = lambda _: signal.raise_signal(signal.SIGINT)
    with pytest.raises(DeployError, match=r"Restarted: a, b, c\."):
        stage.restart()
    stage.assert_unlocked()


def test_restart_of_hosts_on_which_nothing_runs_is_refused(empty_stage: Stage) -> None:
    with pytest.raises(DeployError, match="nothing to restart"):
        empty_stage.restart()


def test_restart_that_is_declined_changes_nothing(stage: Stage) -> None:
    stage.says_yes = False
    with pytest.raises(DeployError):
        stage.restart()
    assert not stage.steps("lock", "activate")
