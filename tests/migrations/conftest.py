"""Databases without tables, on SQLite and, where there is one, on MariaDB."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from flask_api import create_app
from flask_api.settings import Settings
from tests.conftest import make_settings, stop_app
from tests.services import mariadb

needs_mariadb = pytest.mark.skipif(mariadb.running_url() is None, reason="no MariaDB: run by make test-all")


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=[needs_mariadb, pytest.mark.mariadb])])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings whose database has no tables."""
    if request.param == "sqlite":
        yield make_settings(tmp_path)
        return
    server, name = mariadb.running_url() or "", f"migrations_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    yield make_settings(tmp_path, database_url=mariadb.create_database(server, name))
    mariadb.drop_database(server, name)


@pytest.fixture
def bare_app(empty: Settings) -> Iterator[Flask]:
    app = create_app(empty)
    yield app
    stop_app(app)
