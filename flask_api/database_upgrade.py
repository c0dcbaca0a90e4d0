"""Bringing the database up to date: one process at a time, the others wait; however long a step takes."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import flask_migrate
from flask import Flask
from sqlalchemy import Connection, Engine, NullPool, create_engine, text

from flask_api.core.database import engine_options
from flask_api.settings import Settings

LOCK_NAME = "solo_migrations"
PATIENCE = 300  # seconds to wait for another process that migrates
LOCK_PATIENCE = 60  # seconds to wait for a row that a request holds; a migration that fails there has been half done


class MigratingTooLong(Exception):
    """Another process has been migrating for longer than anybody waits."""


def upgrade_database(app: Flask) -> None:
    """Apply the migrations that are missing; creates a SQLite database that is not there yet."""
    settings: Settings = app.extensions["settings"]
    with app.app_context():
        flask_migrate.upgrade(directory=str(settings.migrations_dir))


@contextmanager
def migrating(settings: Settings) -> Iterator[Connection]:
    """Yield a connection to migrate with, alone: migrations/env.py, and so every command, goes through here.

    Raises:
        MigratingTooLong: another process has been migrating for longer than ``PATIENCE``.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    engine = _patient_engine(settings)
    with engine.connect() as connection:
        alone = (
            _alone_on_mysql(connection) if engine.dialect.name == "mysql" else _alone_on_sqlite(settings, connection)
        )
        with alone:
            yield connection


def _patient_engine(settings: Settings) -> Engine:
    """Return an engine of its own: an ALTER may take longer than any request may."""
    patient = settings.model_copy(update={"database_timeout": 3600, "database_connect_timeout": 5})
    options = engine_options(patient)
    for of_pools in ("pool_size", "max_overflow", "pool_timeout", "pool_pre_ping", "pool_recycle"):
        options.pop(of_pools, None)
    return create_engine(settings.sqlalchemy_url, poolclass=NullPool, **options)


@contextmanager
def _alone_on_mysql(connection: Connection) -> Iterator[None]:
    """Hold MySQL's own lock, which holds between hosts and falls with the connection."""
    name = {"name": f"{LOCK_NAME}:{connection.engine.url.database}"[:64]}
    if not connection.scalar(text("SELECT GET_LOCK(:name, :patience)"), {**name, "patience": PATIENCE}):
        raise MigratingTooLong(f"Another process has been migrating for {PATIENCE} s")
    connection.exec_driver_sql(f"SET SESSION innodb_lock_wait_timeout = {LOCK_PATIENCE}")
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text("SELECT RELEASE_LOCK(:name)"), name)


@contextmanager
def _alone_on_sqlite(settings: Settings, connection: Connection) -> Iterator[None]:
    """Hold a file's lock, and let a table be dropped to be made anew without its DELETE cascading to others."""
    raw = connection.connection.driver_connection
    assert raw is not None
    with Path(settings.data_dir / "migrations.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        raw.execute("PRAGMA foreign_keys = OFF")
        yield
        if broken := raw.execute("PRAGMA foreign_key_check").fetchall():
            raise RuntimeError(f"after migrating, rows refer to nothing: {broken[:5]}")
