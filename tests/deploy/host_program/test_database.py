from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from tests.deploy.host_program.conftest import SOURCE
from tests.deploy.host_program.site import Site

REPOSITORY = SOURCE.parents[1]
FIRST = ("1a the first tables", "2b photos")
LATER = (*FIRST, "3c people nearby, and where", "4d visitors")


def database(site: Site) -> Path:
    return site.root / "shared" / "var" / "database"


def test_a_migration_tells_where_from_and_where_to(site: Site) -> None:
    older, newer = site.add_release(revisions=FIRST), site.add_release(revisions=LATER)
    told = site.run("migrate", older)
    assert (told["from"], told["to"]) == (None, "2b")
    told = site.run("migrate", newer)
    assert (told["from"], told["to"]) == ("2b", "4d")
    told = site.run("migrate", newer)
    assert (told["from"], told["to"]) == ("4d", "4d")


def test_a_migration_that_fails_shows_its_output(site: Site) -> None:
    told = site.run("migrate", site.add_release("bad_migration"))
    assert told["error"] == "the migration failed"
    assert told["log"].endswith("alembic.util.exc.CommandError: the table is nailed to the floor")


def test_a_database_that_is_ahead_is_not_migrated(site: Site) -> None:
    older, newer = site.add_release(revisions=FIRST), site.add_release(revisions=LATER)
    site.run("migrate", newer)
    assert site.run("migrate", older)["error"] == f"the database is ahead of {older}"
    assert database(site).read_text() == "4d"


@pytest.mark.parametrize("command", ["migrate", "database"])
def test_a_database_out_of_reach_is_told_with_the_log(command: str, site: Site) -> None:
    release = site.add_release()
    database(site).write_text("unreachable")
    told = site.run(command, release)
    assert told["error"] == f"release {release} cannot read the database's revision"
    assert "no route to the database" in told["log"]


def test_a_downgrade_lists_what_it_would_undo(site: Site) -> None:
    older, newer = site.add_release(revisions=FIRST), site.add_release(revisions=LATER)
    site.run("migrate", newer)
    told = site.run("database", older)
    assert (told["current"], told["release"]) == ("4d", "2b")
    assert told["downgrade"] == [
        {"revision": "4d", "message": "visitors"},
        {"revision": "3c", "message": "people nearby, and where"},
    ]


def test_a_release_that_knows_the_revision_needs_no_downgrade(site: Site) -> None:
    older, newer = site.add_release(revisions=FIRST), site.add_release(revisions=LATER)
    site.run("migrate", older)
    for release, revision in ((older, "2b"), (newer, "4d")):
        told = site.run("database", release)
        assert (told["current"], told["release"], told["downgrade"]) == ("2b", revision, [])


def test_a_revision_that_nobody_here_knows_is_told(site: Site) -> None:
    release = site.add_release()
    site.add_release()
    database(site).write_text("9f")
    error = f"the database is ahead of {release}, and no release on this host knows its revision"
    assert site.run("database", release)["error"] == error


def test_what_flask_migrate_really_writes_is_understood(
    site: Site, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    older = site.add_release(revisions=("2b6aae04fd46 the first tables",))
    newer = site.add_release()
    monkeypatch.setenv("SOLO_DATABASE_URL", database_url)
    monkeypatch.setenv("SOLO_DATA_DIR", str(tmp_path / "data"))
    code = site.root / "releases" / newer
    (code / "manage.py").unlink()
    (code / "manage.py").symlink_to(REPOSITORY / "manage.py")  # Python imports what lies beside the file, not the link
    newest = ScriptDirectory(str(REPOSITORY / "migrations")).get_current_head()
    assert newest
    database(site).write_text(newest)  # for the stand-in, which does not know it
    told = site.run("database", older)
    assert told["current"] == newest, told
    assert told["downgrade"][0]["revision"] == newest
    messages = {step["revision"]: step["message"] for step in told["downgrade"]}
    assert messages["4c1d8e6f2a90"].startswith("A first category, so that a newcomer can write a post")
    assert "2b6aae04fd46" not in messages
