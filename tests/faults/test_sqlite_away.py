"""The folder of the SQLite file is gone, or the file cannot be used."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from flask_api.extensions import db
from flask_api.settings import Settings
from tests.clients import Client, data, failure
from tests.conftest import start_app, stop_app
from tests.factories import Factory
from tests.faults.conftest import assert_away_fast, assert_recovers, away_parts


def app_in(folder: Path, settings: Settings, database_url: str) -> Flask:
    if not database_url.startswith("sqlite"):
        pytest.skip("this run is on MariaDB")
    folder.mkdir()
    for file in Path(database_url.removeprefix("sqlite:///")).parent.glob("solo.db*"):
        shutil.copy(file, folder / file.name)
    return start_app(settings.model_copy(update={"database_url": f"sqlite:///{folder / 'solo.db'}"}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "database"


@pytest.fixture
def user(app: Flask, settings: Settings, database_url: str, folder: Path) -> Client:
    """Somebody on an app whose SQLite file is in a folder of its own; no connection to it is open."""
    own = app_in(folder, settings, database_url)
    user = Factory(own).user()
    stop_app(own)
    return user


def test_without_the_folder_who_needs_the_database_is_told_503_fast(user: Client, folder: Path) -> None:
    shutil.move(folder, folder.with_name("elsewhere"))
    assert_away_fast(lambda: user.get("/users/me"))
    assert_away_fast(lambda: user.get("/blog/posts"))
    assert_away_fast(lambda: user.patch("/users/me", json={"bio": "x"}))
    assert away_parts(user)["database"] == "away"
    assert user.get("/health/live").status_code == 200


def test_when_the_folder_is_back_everything_works_again(user: Client, folder: Path) -> None:
    elsewhere = folder.with_name("elsewhere")
    shutil.move(folder, elsewhere)
    assert_away_fast(lambda: user.get("/users/me"))
    shutil.move(elsewhere, folder)
    assert_recovers(lambda: user.get("/users/me"), expected=200)
    assert user.get("/health/ready").status_code == 200


def test_a_writer_that_finds_the_file_locked_waits_and_then_is_told_503(
    app: Flask, settings: Settings, database_url: str, tmp_path: Path
) -> None:
    own = app_in(tmp_path / "database", settings.model_copy(update={"database_timeout": 0.1}), database_url)
    user = Factory(own).user()
    holder = sqlite3.connect(tmp_path / "database" / "solo.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert failure(user.patch("/users/me", json={"bio": "x"})) == (503, "SERVICE_UNAVAILABLE")
    assert user.get("/blog/posts").status_code == 200  # readers do not wait for writers
    holder.execute("ROLLBACK")
    holder.close()
    assert user.patch("/users/me", json={"bio": "x"}).status_code == 200
    stop_app(own)


FIRST_REVISION = "2b6aae04fd46"


def test_ready_says_that_the_tables_are_of_an_older_revision(app: Flask, client: Client) -> None:
    assert client.get("/health/ready").status_code == 200
    set_revision(app, FIRST_REVISION)
    try:
        message = away_parts(client)
        assert message.keys() == {"migration"}
        assert FIRST_REVISION in message["migration"]
        assert client.get("/health/live").status_code == 200
    finally:
        restore(app)


def test_ready_while_the_next_release_has_migrated_already(app: Flask, client: Client) -> None:
    """This release must serve on until the next one has taken over everywhere."""
    set_revision(app, "of a release to come"[:32])
    try:
        assert data(client.get("/health/ready"))["revision"] == "of a release to come"
    finally:
        restore(app)


def set_revision(app: Flask, revision: str) -> None:
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def test_ready_says_that_there_are_no_tables(app: Flask, client: Client) -> None:
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    try:
        assert away_parts(client).keys() == {"migration"}
    finally:
        restore(app)


def restore(app: Flask) -> None:
    """On MariaDB the next test uses the same tables."""
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    with app.app_context(), db.engine.begin() as connection:
        context = MigrationContext.configure(connection)
        scripts = ScriptDirectory(str(app.extensions["settings"].migrations_dir))
        connection.execute(text("DROP TABLE IF EXISTS alembic_version"))
        context.stamp(scripts, "head")
