"""MariaDB is killed, frozen or restarted; run by make test-all."""

from collections.abc import Iterator

import pytest
from flask import Flask

from flask_api.database_upgrade import upgrade_database
from flask_api.settings import Settings
from tests.clients import Client, data
from tests.conftest import start_app, stop_app
from tests.factories import Factory
from tests.faults.conftest import assert_away_fast, assert_recovers, away_parts
from tests.services import mariadb
from tests.services.mariadb import MariaDB, MariaDBMissing

pytestmark = [
    pytest.mark.mariadb,
    pytest.mark.skipif(mariadb.running_url() is None, reason="no MariaDB: run by make test-all"),
]
FAULTS = ["kill", "freeze"]


@pytest.fixture(scope="module")
def server() -> Iterator[MariaDB]:
    """A server of our own; the one that all tests share must not be hurt."""
    try:
        with MariaDB() as own:
            yield own
    except MariaDBMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def own_app(app: Flask, settings: Settings, server: MariaDB) -> Iterator[Flask]:
    own = start_app(settings.model_copy(update={"database_url": server.create_database("solo")}))
    upgrade_database(own)
    yield own
    server.start()
    server.thaw()
    stop_app(own)


@pytest.fixture
def user(own_app: Flask) -> Client:
    """Somebody who logged in while the database was there, and whose record Redis does not have."""
    make = Factory(own_app)
    user = make.user()
    make.post(user, make.category())
    own_app.extensions["redis"].delete(f"caller:{{{user.user_id}}}")
    return user


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("connections", ["open", "new"])
def test_who_needs_the_database_is_told_503_within_300_ms(
    connections: str, fault: str, user: Client, server: MariaDB
) -> None:
    getattr(server, fault)()
    if connections == "new":
        with user.app.app_context():
            from flask_api.extensions import db

            db.engine.dispose(close=False)
    assert_away_fast(lambda: user.get("/blog/posts"))
    assert_away_fast(lambda: user.get("/users/me"))
    assert_away_fast(lambda: user.patch("/users/me", json={"bio": "x"}))
    assert_away_fast(lambda: user.post("/auth/password-login", json={"phone": "13900000000", "password": "x" * 8}))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_login_and_a_code_need_no_database(fault: str, user: Client, server: MariaDB) -> None:
    assert user.get("/users/me").status_code == 200  # the record is in Redis now
    getattr(server, fault)()
    assert user.get("/users/me").status_code == 200
    assert user.post("/auth/sms-codes", json={"phone": "13900000000"}).status_code == 201


@pytest.mark.parametrize("fault", FAULTS)
def test_ready_says_that_the_database_is_away(fault: str, user: Client, server: MariaDB) -> None:
    getattr(server, fault)()
    assert away_parts(user)["database"] == "away"
    assert user.get("/health/live").status_code == 200


def test_after_a_restart_everything_works_within_a_second(user: Client, server: MariaDB) -> None:
    server.kill()
    assert_away_fast(lambda: user.get("/blog/posts"))
    server.start()
    assert_recovers(lambda: user.get("/blog/posts"), expected=200)
    assert len(data(user.get("/blog/posts"))["items"]) == 1
    assert user.patch("/users/me", json={"bio": "x"}).status_code == 200


def test_after_a_freeze_everything_works_within_a_second(user: Client, server: MariaDB) -> None:
    server.freeze()
    assert_away_fast(lambda: user.get("/blog/posts"))
    server.thaw()
    assert_recovers(lambda: user.get("/blog/posts"), expected=200)
    assert user.patch("/users/me", json={"bio": "x"}).status_code == 200


def test_a_restart_that_no_request_met_is_not_noticed(user: Client, server: MariaDB) -> None:
    assert user.get("/blog/posts").status_code == 200
    server.kill()
    server.start()
    assert user.get("/blog/posts").status_code == 200  # the pool found its connections broken
