"""What the operator reads before he says yes."""

from dataclasses import replace
from datetime import UTC, datetime

from deploy.repository import Commit
from tests.deploy.fab.conftest import BEFORE, Stage
from tests.deploy.fab.host_in_memory import HostInMemory


def commit(number: int) -> Commit:
    return Commit(f"{number:012}".ljust(40, "0"), datetime(2026, 1, 1, tzinfo=UTC), f"Change {number}")


def test_plan_names_hosts_releases_commits_migrations_and_packages(stage: Stage) -> None:
    stage.commits = [commit(2), commit(1)]
    stage.host("b").environments.add(b"flask")
    stage.deploy()
    plan = stage.text.partition("Plan: ")[2].partition("Prepare")[0]
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in plan.splitlines() if line.strip()}
    assert rows["a"] == f"{BEFORE} 1.0 good to be installed"
    assert rows["b"] == f"{BEFORE} 1.0 good there already"
    assert rows["aaa2"] == "The second table"
    assert "aaa1" not in rows
    assert "New in it: 2 commits" in plan
    assert rows["000000000002"] == "Change 2"
    assert "Say hello" in plan


def test_plan_says_which_commits_would_be_lost(stage: Stage) -> None:
    stage.lost = [commit(3)]
    stage.deploy()
    assert "! Not in it, though it runs now: 1 commit\n    000000000003  Change 3\n" in stage.text


def test_plan_says_so_where_this_clone_lacks_the_commit_that_runs(stage: Stage) -> None:
    stage.commits = stage.lost = None
    stage.deploy()
    assert "this clone does not have the commit that runs now" in stage.text


def test_long_lists_are_cut_and_counted(stage: Stage) -> None:
    stage.commits = [commit(number) for number in range(30)]
    stage.deploy()
    assert "Change 11\n    and 18 more\n" in stage.text


def test_database_that_is_ahead_of_the_commit_is_told(stage: Stage) -> None:
    stage.host("a").database["current"] = "bbb9"
    stage.deploy()
    assert "The database is at bbb9, which this commit does not know: it is ahead." in stage.text


def test_database_that_cannot_be_asked_does_not_stop_the_plan(stage: Stage) -> None:
    stage.host("a").troubles["database"] = HostInMemory.fail
    stage.deploy()
    assert "! a  the database's revision is unknown: solo:solo_0 is not ready" in stage.text
    assert "Migrations: whatever brings the database to aaa2." in stage.text


def test_files_that_git_does_not_know_are_named(stage: Stage) -> None:
    stage.archive = replace(stage.archive, left_out=("notes.txt",))
    stage.deploy()
    assert "! Not in it, since git does not know them:\n    notes.txt\n" in stage.text


def test_dirty_archive_shows_in_the_name_of_its_release(stage: Stage) -> None:
    stage.archive = replace(stage.archive, release=replace(stage.archive.release, dirty=True))
    assert stage.deploy().endswith("-222222222222-dirty")
    assert "with uncommitted changes" in stage.text
