"""What ``fab restart`` asks of the hosts, and what it says when that cannot be."""

import pytest

from deploy.errors import DeployError
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
    with pytest.raises(DeployError, match="solo_0 is not ready"):
        stage.restart()
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


def test_restart_of_hosts_on_which_nothing_runs_is_refused(empty_stage: Stage) -> None:
    with pytest.raises(DeployError, match="nothing to restart"):
        empty_stage.restart()


def test_restart_that_is_declined_changes_nothing(stage: Stage) -> None:
    stage.says_yes = False
    with pytest.raises(DeployError):
        stage.restart()
    assert not stage.steps("lock", "activate")
