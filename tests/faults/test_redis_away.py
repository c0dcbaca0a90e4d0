"""Redis is killed, frozen or restarted: who needs it is told so fast, who does not is served."""

from typing import Any

import pytest
from flask import Flask

from tests.clients import Client, data
from tests.factories import Factory
from tests.faults.conftest import assert_away_fast, assert_recovers, away_parts
from tests.security.signing_clients import make_signing_client
from tests.services.redis_server import RedisServer

PHONE = "13900000000"
PASSWORD = "correct horse"
NEEDS_REDIS: list[tuple[str, str, Any]] = [
    ("GET", "/users/me", None),
    ("PATCH", "/users/me", {"bio": "x"}),
    ("GET", "/users/1", None),
    ("GET", "/users/1/photos", None),
    ("POST", "/blog/posts", {"title": "a", "body": "b", "category_id": 1}),
    ("GET", "/blog/posts", None),  # with a token: whose posts it shows depends on whom the caller has blocked
    ("GET", "/blog/posts/1", None),
    ("GET", "/admin/users", None),
    ("PUT", "/admin/users/1/ban", None),
    ("GET", "/auth/sessions", None),
    ("DELETE", "/auth/sessions", None),
    ("POST", "/auth/logout", None),
    ("PUT", "/auth/password", {"new_password": PASSWORD}),
    ("DELETE", "/auth/account", None),
    ("GET", "/auth/account/export", None),
    ("POST", "/auth/sms-codes", {"phone": PHONE}),
    ("POST", "/auth/sms-login", {"phone": PHONE, "code": "123456"}),
    ("POST", "/auth/password-login", {"phone": PHONE, "password": PASSWORD}),
    ("POST", "/auth/password-reset", {"phone": PHONE, "code": "123456", "new_password": PASSWORD}),
]
PUBLIC = ["/health/live", "/blog/posts", "/blog/posts/pages", "/blog/posts/1", "/blog/categories", "/blog/categories/1"]
FAULTS = ["kill", "freeze"]


@pytest.fixture
def user(own_app: Flask) -> Client:
    """Somebody who logged in before Redis went away; there is a post too."""
    make = Factory(own_app)
    user = make.user()
    make.post(user, make.category())
    assert user.get("/users/me").status_code == 200
    return user


@pytest.mark.parametrize("fault", FAULTS)
def test_who_needs_redis_is_told_503_within_300_ms(fault: str, user: Client, own_redis: RedisServer) -> None:
    getattr(own_redis, fault)()
    for method, path, body in NEEDS_REDIS:
        assert_away_fast(lambda method=method, path=path, body=body: user.call(method, path, json=body))
    assert_away_fast(lambda: Client(user.app).post("/auth/basic-login", auth=(PHONE, PASSWORD)))


@pytest.mark.parametrize("fault", FAULTS)
def test_signed_request_is_told_503_within_300_ms(fault: str, user: Client, own_redis: RedisServer) -> None:
    signer = make_signing_client(user.app, user.token)
    anonymous = make_signing_client(user.app)
    assert signer.send("GET", "/auth/sessions").status_code == 200
    getattr(own_redis, fault)()
    assert_away_fast(lambda: signer.send("GET", "/auth/sessions"))
    assert_away_fast(lambda: anonymous.send("POST", "/auth/sms-codes", {"phone": PHONE}))


@pytest.mark.parametrize("fault", FAULTS)
def test_no_new_connection_waits_longer_than_an_old_one(fault: str, user: Client, own_redis: RedisServer) -> None:
    getattr(own_redis, fault)()
    user.app.extensions["redis"].connection_pool.disconnect()
    assert_away_fast(lambda: user.get("/users/me"))


@pytest.mark.parametrize("fault", FAULTS)
def test_public_reading_works_without_redis(fault: str, user: Client, own_redis: RedisServer) -> None:
    getattr(own_redis, fault)()
    for path in PUBLIC:
        assert Client(user.app).get(path).status_code == 200, path


@pytest.mark.parametrize("fault", FAULTS)
def test_ready_says_that_redis_is_away(fault: str, user: Client, own_redis: RedisServer) -> None:
    assert data(user.get("/health/ready"))["redis"] == "ok"
    getattr(own_redis, fault)()
    assert away_parts(user) == {"redis": "away"}
    assert user.get("/health/live").status_code == 200


def test_after_a_freeze_the_same_login_works_again_within_a_second(user: Client, own_redis: RedisServer) -> None:
    own_redis.freeze()
    assert_away_fast(lambda: user.get("/users/me"))
    own_redis.thaw()
    assert_recovers(lambda: user.get("/users/me"), expected=200)
    assert user.get("/health/ready").status_code == 200


def test_after_a_restart_new_logins_work_within_a_second(user: Client, own_redis: RedisServer) -> None:
    own_redis.kill()
    assert_away_fast(lambda: user.get("/users/me"))
    own_redis.start()
    assert_recovers(lambda: user.get("/users/me"), expected=401)  # this Redis keeps nothing on disk
    newcomer = Client(user.app).log_in("13900000001")
    assert newcomer.get("/users/me").status_code == 200
    assert user.get("/health/ready").status_code == 200


def test_a_restart_that_no_request_met_is_not_noticed_more_than_once(user: Client, own_redis: RedisServer) -> None:
    own_redis.kill()
    own_redis.start()  # the connections in the pool are broken
    assert_recovers(lambda: user.get("/users/me"), expected=401)


def test_no_answer_of_one_request_reaches_another_after_a_freeze(
    user: Client, own_app: Flask, own_redis: RedisServer
) -> None:
    """A connection whose answer was not awaited must not be used again: the answer would be the next one's."""
    other = Factory(own_app).user()
    own_redis.freeze()
    for client in (user, other, user, other):
        assert client.get("/users/me").status_code == 503
    own_redis.thaw()
    for client in (other, user) * 10:
        assert data(client.get("/users/me"))["id"] == client.user_id


def test_a_request_with_a_bad_token_is_401_only_while_redis_can_tell(user: Client, own_redis: RedisServer) -> None:
    stranger = Client(user.app, token=f"{user.user_id}.{'x' * 43}")
    assert stranger.get("/users/me").status_code == 401
    own_redis.kill()
    assert_away_fast(lambda: stranger.get("/users/me"))
