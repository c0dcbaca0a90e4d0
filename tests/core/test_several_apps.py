"""Several apps in one process share nothing but code."""

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from flask_api.database_upgrade import upgrade_database
from flask_api.settings import Settings
from tests.clients import Client, data, failure
from tests.conftest import start_app, stop_app
from tests.factories import Factory
from tests.services.redis_server import RedisServer


@pytest.fixture
def other(settings: Settings, redis_server: RedisServer, tmp_path: Path) -> Iterator[Flask]:
    """An app with a database and a Redis database of its own."""
    places = {"data_dir": tmp_path / "other", "database_url": "", "redis_url": redis_server.url(1)}
    own = start_app(settings.model_copy(update={**places, "token_lifetime": 99}))
    own.extensions["redis"].flushdb()
    upgrade_database(own)
    yield own
    stop_app(own)


def test_users_and_logins_of_one_are_unknown_to_the_other(app: Flask, other: Flask) -> None:
    here, there = Factory(app).user(nickname="Here"), Factory(other).user(nickname="There")
    assert here.user_id == there.user_id
    assert [data(user.get("/users/me"))["nickname"] for user in (here, there)] == ["Here", "There"]
    assert failure(Client(other, here.token).get("/users/me")) == (401, "TOKEN_INVALID")


def test_each_goes_by_its_own_settings(app: Flask, other: Flask) -> None:
    phone = {"phone": "13900000000"}
    for one, lifetime in ((app, 30 * 86400), (other, 99)):
        code = data(Client(one).post("/auth/sms-codes", json=phone))["code"]
        login = data(Client(one).post("/auth/sms-login", json={**phone, "code": code}))
        assert login["expires_in"] == lifetime


def test_a_cursor_of_one_with_another_secret_is_refused_by_the_other(app: Flask, settings: Settings) -> None:
    make = Factory(app)
    author, category = make.user(), make.category()
    for _ in range(2):
        make.post(author, category)
    cursor = data(author.get("/blog/posts?limit=1"))["next_cursor"]
    stranger = start_app(settings.model_copy(update={"secret_key": "another secret of 32 characters or more"}))
    assert failure(Client(stranger).get(f"/blog/posts?cursor={cursor}")) == (400, "BAD_CURSOR")
    stop_app(stranger)


def test_making_an_app_connects_to_nothing(settings: Settings, tmp_path: Path) -> None:
    nowhere = {"redis_url": "redis://127.0.0.1:1/0", "database_url": "mysql+pymysql://root@127.0.0.1:1/none"}
    own = start_app(settings.model_copy(update={**nowhere, "data_dir": tmp_path / "none"}))
    assert own.test_client().get("/api/v1/health/live").status_code == 200
    assert not (tmp_path / "none").exists()


def test_an_app_that_nobody_uses_any_more_is_let_go(settings: Settings) -> None:
    own = start_app(settings)
    Factory(own).user()
    stop_app(own)
    left = weakref.ref(own)
    del own
    stop_app(start_app(settings))  # flask-restx keeps the newest
    gc.collect()
    assert left() is None
