"""What every test stands on: a fresh database and an empty Redis, both real.

The database is SQLite, a copy of one that was migrated once; or MariaDB when ``make test-all`` names a server (see
tests/services/mariadb.py). Each worker of pytest-xdist has servers and databases of its own.
"""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, delete, text

from flask_api import create_app
from flask_api.blog.models import BlogCategory
from flask_api.core.database import Base
from flask_api.database_upgrade import upgrade_database
from flask_api.extensions import db
from flask_api.labels.models import Label
from flask_api.settings import Settings, load_settings
from tests.clients import Client
from tests.factories import Factory
from tests.services import mariadb
from tests.services.redis_server import RedisServer

# What one test sends within a minute is no flood; tests/security/test_rate_limits.py sets limits of its own.
UNLIMITED = (
    *("limit_per_address", "limit_per_user", "limit_logins_per_address", "limit_sms_per_address", "limit_sms_in_all"),
    *("limit_mails_per_address", "limit_mails_in_all"),
)
NO_LIMITS = dict.fromkeys(UNLIMITED, "1000000 per minute")
# A machine that runs many tests at once is slow, not away: only tests/faults gives up as fast as Solo does.
PATIENCE = {"redis_timeout": 10, "database_connect_timeout": 10}  # seconds


def make_settings(data_dir: Path, **values: object) -> Settings:
    """Return settings that no .env and no file of the developer's reaches."""
    return load_settings(data_dir, **{"data_dir": data_dir, **PATIENCE, **values})


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Spare the garbage collector 400,000 objects that live to the end: looking at them took a quarter of the time."""
    gc.disable()
    result = yield
    gc.freeze()
    gc.enable()
    return result


@pytest.fixture(scope="session", autouse=True)
def nobodys_environment() -> None:
    """Keep the developer's own ``SOLO_…`` out of the tests."""
    for name in [name for name in os.environ if name.startswith("SOLO_") and not name.startswith("SOLO_TEST_")]:
        del os.environ[name]


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer) -> Iterator[str]:
    """The address of a migrated database: an SQLite file to copy, or a MariaDB database to empty."""
    folder = tmp_path_factory.mktemp("migrated")
    server, name = mariadb.running_url(), f"solo_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    url = mariadb.create_database(server, name) if server else f"sqlite:///{folder / 'solo.db'}"
    app = create_app(make_settings(folder, database_url=url, redis_url=redis_server.url()))
    upgrade_database(app)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(delete(BlogCategory))  # the migrations make a first one
        connection.execute(delete(Label))  # and a first catalogue
    yield url
    if server:
        mariadb.drop_database(server, name)


@pytest.fixture
def database_url(migrated: str, tmp_path: Path) -> str:
    """The address of a database that holds nothing but the tables."""
    if migrated.startswith("sqlite"):
        source = Path(migrated.removeprefix("sqlite:///"))
        for file in source.parent.glob("solo.db*"):
            shutil.copy(file, tmp_path / file.name)
        return f"sqlite:///{tmp_path / 'solo.db'}"
    engine = create_engine(migrated)
    with engine.begin() as connection:
        connection.execute(text("SET FOREIGN_KEY_CHECKS = 0"))
        for table in Base.metadata.tables:
            connection.execute(text(f"DELETE FROM {table}"))
            connection.execute(text(f"ALTER TABLE {table} AUTO_INCREMENT = 1"))
        connection.execute(text("SET FOREIGN_KEY_CHECKS = 1"))
    engine.dispose()
    return migrated


@pytest.fixture(scope="session")
def plain_settings(nobodys_environment: None) -> Settings:
    """Development settings, read once: reading them takes longer than most requests."""
    return make_settings(Path("/nonexistent"), sms_code_interval=0, **NO_LIMITS)


@pytest.fixture
def settings(tmp_path: Path, database_url: str, redis_server: RedisServer, plain_settings: Settings) -> Settings:
    """Development settings; a test that needs others says so with ``settings.model_copy(update=…)``."""
    places = {"data_dir": tmp_path, "database_url": database_url, "redis_url": redis_server.url()}
    return plain_settings.model_copy(update=places)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    app = start_app(settings)
    app.extensions["redis"].flushall()
    yield app
    stop_app(app)


def start_app(settings: Settings) -> Flask:
    """Return an app that fails a test which meets an undeclared error."""
    app = create_app(settings)
    app.testing = True
    return app


def stop_app(app: Flask) -> None:
    """Close what the app has opened."""
    with app.app_context():
        db.engine.dispose()
    app.extensions["redis"].close()


@pytest.fixture
def client(app: Flask) -> Client:
    """Somebody who is not logged in."""
    return Client(app)


@pytest.fixture
def make(app: Flask) -> Factory:
    """Makes users, admins, categories and posts."""
    return Factory(app)
