"""Migrations: up from nothing to the models, down to nothing, up again; one runner at a time."""

import os
import subprocess
import sys
from typing import Any

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import inspect, text

from flask_api.core.database import Base
from flask_api.database_upgrade import upgrade_database
from flask_api.extensions import db
from flask_api.settings import ROOT, Settings
from tests.services.process import die_with_parent

MIGRATIONS = ROOT / "migrations"
UPGRADE = """
import logging
from pathlib import Path
logging.basicConfig(level=logging.INFO)
from flask_api import create_app
from flask_api.database_upgrade import upgrade_database
from flask_api.settings import load_settings
upgrade_database(create_app(load_settings(Path.cwd())))
"""


def tables() -> set[str]:
    return {name for name in inspect(db.engine).get_table_names() if not name.startswith("sqlite_")}


def differences() -> list[Any]:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, Base.metadata))


def test_there_is_exactly_one_newest_revision() -> None:
    assert len(ScriptDirectory(str(MIGRATIONS)).get_heads()) == 1


def test_upgrading_nothing_makes_what_the_models_say(bare_app: Flask) -> None:
    upgrade_database(bare_app)
    with bare_app.app_context():
        assert tables() == {*Base.metadata.tables, "alembic_version"}
        assert differences() == []


def test_downgrading_leaves_nothing_and_upgrading_again_makes_all(bare_app: Flask) -> None:
    upgrade_database(bare_app)
    with bare_app.app_context():
        flask_migrate.downgrade(directory=str(MIGRATIONS), revision="base")
        assert tables() == {"alembic_version"}
        assert db.session.scalar(text("SELECT count(*) FROM alembic_version")) == 0
        db.session.rollback()
    upgrade_database(bare_app)
    with bare_app.app_context():
        assert differences() == []


def test_each_step_down_and_up_again_ends_where_it_was(bare_app: Flask) -> None:
    upgrade_database(bare_app)
    with bare_app.app_context():
        for _ in ScriptDirectory(str(MIGRATIONS)).walk_revisions():
            flask_migrate.downgrade(directory=str(MIGRATIONS), revision="-1")
            flask_migrate.upgrade(directory=str(MIGRATIONS), revision="+1")
            flask_migrate.downgrade(directory=str(MIGRATIONS), revision="-1")
        assert tables() == {"alembic_version"}


def test_upgrading_what_is_up_to_date_changes_nothing(bare_app: Flask) -> None:
    upgrade_database(bare_app)
    with bare_app.app_context():
        db.session.execute(text("INSERT INTO blog_category (name, post_count) VALUES ('kept', 0)"))
        db.session.commit()
    upgrade_database(bare_app)
    with bare_app.app_context():
        assert db.session.scalar(text("SELECT count(*) FROM blog_category WHERE name = 'kept'")) == 1


def test_sql_for_operators_is_printed_without_a_database(bare_app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    with bare_app.app_context():
        flask_migrate.upgrade(directory=str(MIGRATIONS), sql=True)
    printed = capsys.readouterr().out
    for table in Base.metadata.tables:
        assert f"CREATE TABLE {table} " in printed
    with bare_app.app_context():
        assert tables() == set()


def test_every_constraint_and_index_has_a_name(bare_app: Flask) -> None:
    upgrade_database(bare_app)
    with bare_app.app_context():
        inspector = inspect(db.engine)
        for table in Base.metadata.tables:
            found = [*inspector.get_indexes(table), *inspector.get_unique_constraints(table)]
            found += [*inspector.get_foreign_keys(table), *inspector.get_check_constraints(table)]
            for constraint in found:
                assert constraint["name"], (table, constraint)
    for model in Base.metadata.tables.values():  # a primary key's name is lost on both databases
        assert all(constraint.name for constraint in model.constraints), model.name


def test_every_foreign_key_has_an_index(bare_app: Flask) -> None:
    """Else a deletion reads the whole table; MariaDB adds the missing ones by itself, SQLite does not."""
    upgrade_database(bare_app)
    with bare_app.app_context():
        inspector = inspect(db.engine)
        for table in Base.metadata.tables:
            indexed = [index["column_names"][0] for index in inspector.get_indexes(table)]
            indexed += inspector.get_pk_constraint(table)["constrained_columns"][:1]
            for key in inspector.get_foreign_keys(table):
                assert key["constrained_columns"][0] in indexed, (table, key)


@pytest.mark.long
def test_two_processes_that_upgrade_at_once_make_one_migration(empty: Settings, bare_app: Flask) -> None:
    names = {"SOLO_DATA_DIR": str(empty.data_dir), "SOLO_DATABASE_URL": empty.database_url}
    environment = {**os.environ, **names, "PYTHONPATH": str(ROOT)}
    runners = [
        subprocess.Popen(
            [sys.executable, "-c", UPGRADE],
            env=environment,
            cwd=empty.data_dir,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent(),
        )
        for _ in range(3)
    ]
    said = [runner.communicate(timeout=60)[1] for runner in runners]
    assert [runner.returncode for runner in runners] == [0, 0, 0], said
    assert sum(text.count("Running upgrade") for text in said) == len(list((MIGRATIONS / "versions").glob("*.py")))
    with bare_app.app_context():
        assert differences() == []
        assert db.session.scalar(text("SELECT count(*) FROM alembic_version")) == 1


def test_text_compares_to_the_letter_where_it_must(bare_app: Flask) -> None:
    upgrade_database(bare_app)
    with bare_app.app_context():
        for name in ("sailing", "Sailing", "SAILING", "sáiling"):
            db.session.execute(text("INSERT INTO blog_category (name, post_count) VALUES (:name, 0)"), {"name": name})
        db.session.commit()
        assert db.session.scalar(text("SELECT count(*) FROM blog_category WHERE name = 'Sailing'")) == 1
