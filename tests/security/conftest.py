"""What tests of threats share."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from flask_api.database_upgrade import upgrade_database
from tests.accounts.conftest import cheap_hashes, costly_hashes
from tests.clients import Client
from tests.conftest import NO_LIMITS, make_settings, start_app, stop_app
from tests.factories import Factory
from tests.services import mariadb
from tests.services.redis_server import RedisServer

__all__ = ["cheap_hashes", "costly_hashes"]  # fixtures for every test here too


@pytest.fixture(scope="session")
def house_app(tmp_path_factory: pytest.TempPathFactory, migrated: str) -> Iterator[Flask]:
    """One app for all tests that only ask and leave everything as it was; with a database and a Redis of its own."""
    folder = tmp_path_factory.mktemp("house")
    server, name = mariadb.running_url(), f"solo_house_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    if server is None:
        source = Path(migrated.removeprefix("sqlite:///"))
        for file in source.parent.glob("solo.db*"):
            shutil.copy(file, folder / file.name)
    url = mariadb.create_database(server, name) if server else f"sqlite:///{folder / 'solo.db'}"
    with RedisServer() as redis:
        many = {"sms_code_interval": 0, "sms_codes_per_day": 10**6, **NO_LIMITS}
        app = start_app(make_settings(folder, database_url=url, redis_url=redis.url(), **many))
        if server is not None:
            upgrade_database(app)
        yield app
        stop_app(app)
    if server is not None:
        mariadb.drop_database(server, name)


@pytest.fixture(scope="session")
def house(house_app: Flask) -> Factory:
    """Makes what a test needs in the app that all share."""
    return Factory(house_app)


@pytest.fixture(scope="session")
def somebody(house: Factory) -> Client:
    """A user whom no test logs out."""
    return house.user()


@pytest.fixture(scope="session")
def chief(house: Factory) -> Client:
    """An admin whom no test logs out, and not the last one."""
    house.admin()
    return house.admin()


@pytest.fixture
def nobody(house_app: Flask) -> Client:
    """Who is not logged in."""
    return Client(house_app)


@pytest.fixture(scope="session")
def production(house_app: Flask) -> Iterator[Callable[..., Flask]]:
    """Starts apps of production beside the shared one, on the same database and Redis."""
    apps = []

    def start(**changes: object) -> Flask:
        update = {"environment": "production", "sms_provider": "none", "allowed_hosts": ["solo.test"], **changes}
        apps.append(start_app(house_app.extensions["settings"].model_copy(update=update)))
        return apps[-1]

    yield start
    for app in apps:
        stop_app(app)
