"""Bringing the database up to date: one process at a time, the others wait."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import flask_migrate
from flask import Flask
from sqlalchemy import text

from flask_api.extensions import db
from flask_api.settings import Settings

LOCK_NAME = "solo_migrations"
PATIENCE = 300  # seconds


def upgrade_database(app: Flask) -> None:
    """Apply the migrations that are missing; creates a SQLite database that is not there yet."""
    settings: Settings = app.extensions["settings"]
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with app.app_context(), _alone(settings.data_dir):
        flask_migrate.upgrade(directory=str(settings.migrations_dir))


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """Hold a lock: MySQL's own between hosts, a file's on one host."""
    if db.engine.dialect.name == "mysql":
        with db.engine.connect() as connection:
            name = {"name": f"{LOCK_NAME}:{db.engine.url.database}"[:64]}
            if not connection.scalar(text("SELECT GET_LOCK(:name, :patience)"), {**name, "patience": PATIENCE}):
                raise TimeoutError(f"another process has been migrating for {PATIENCE} s")
            yield
            connection.execute(text("SELECT RELEASE_LOCK(:name)"), name)
        return
    with (data_dir / "migrations.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
