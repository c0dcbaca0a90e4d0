"""How a token is sent, how long it lives, and how many a user may hold."""

import time
from collections.abc import Callable

import pytest
from flask import Flask

from tests.clients import Client, data, failure
from tests.factories import Factory, at_once

DEAD, MISSING = (401, "TOKEN_INVALID"), (401, "TOKEN_MISSING")


def test_token_is_taken_from_either_header(make: Factory, client: Client) -> None:
    token = make.user().token
    for headers in ({"token": token}, {"Authorization": f"Bearer {token}"}, {"Authorization": f"bearer {token}"}):
        assert client.get("/users/me", headers=headers).status_code == 200


def test_dead_token_header_is_not_rescued_by_a_good_bearer(make: Factory, client: Client) -> None:
    headers = {"token": "1.dead", "Authorization": f"Bearer {make.user().token}"}
    assert failure(client.get("/users/me", headers=headers)) == DEAD


def test_token_in_query_or_cookie_is_not_taken(make: Factory, client: Client) -> None:
    token = make.user().token
    assert failure(client.get("/users/me", query_string={"token": token})) == MISSING
    assert failure(client.get("/users/me", headers={"Cookie": f"token={token}"})) == MISSING


@pytest.mark.parametrize(
    "headers",
    [{}, {"token": ""}, {"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": "Basic MTpi"}],
    ids=str,
)
def test_no_token_is_401_missing(client: Client, headers: dict[str, str]) -> None:
    assert failure(client.get("/users/me", headers=headers)) == MISSING


GARBAGE = ["x", ".", "1", "1.", ".x", "0.x", "-1.x", "1.x", "1..x", "1 .x", "+1.x", "1e1.x", "0x1.x", "None.x", "{1}.x"]
GARBAGE += ["9" * 18 + ".x", "9" * 19 + ".x", "9" * 4000 + ".x", "1." + "x" * 4000, "1.é", "é.x", "²1.x", "1.*", "* *"]


@pytest.mark.parametrize("text", GARBAGE, ids=lambda text: text[:12])
def test_garbage_token_is_401_invalid(make: Factory, client: Client, text: str) -> None:
    make.user()
    assert failure(client.get("/users/me", headers={"token": text})) == DEAD
    assert failure(client.get("/users/me", headers={"Authorization": f"Bearer {text}"})) == DEAD


def test_token_belongs_to_its_user_only(make: Factory, client: Client) -> None:
    me, other = make.user(), make.user()
    assert me.token
    _, _, secret = me.token.partition(".")
    for forged in (f"{other.user_id}.{secret}", f"0{me.token}", me.token[:-1], me.token + "A", me.token.swapcase()):
        assert failure(client.get("/users/me", headers={"token": forged})) == DEAD


def test_login_beyond_the_most_sessions_ends_the_oldest(make: Factory, restart: Callable[..., Flask]) -> None:
    phone, client = make.phone(), Client(restart(max_sessions=2))
    logins = [client.log_in(phone) for _ in range(6)]  # most of them within one second
    assert [login.get("/users/me").status_code for login in logins] == [401] * 4 + [200] * 2


def test_login_never_ends_itself_when_there_are_too_many(make: Factory, restart: Callable[..., Flask]) -> None:
    """Also when the others began within the same second."""
    phone, client = make.phone(), Client(restart(max_sessions=1))
    answers = [client.log_in(phone).get("/users/me").status_code for _ in range(10)]
    assert answers == [200] * 10


def test_logins_at_once_leave_no_more_than_the_most_sessions(make: Factory, restart: Callable[..., Flask]) -> None:
    phone, client = make.phone(), Client(restart(max_sessions=3))
    password = {"phone": phone, "password": "correct horse"}
    make.user(phone, password=password["password"])
    logins = at_once([lambda: data(client.post("/auth/password-login", json=password))] * 8)
    alive = [login for login in logins if Client(client.app, login["token"]).get("/users/me").status_code == 200]
    assert len(alive) == 3


def test_token_that_is_not_used_ends(make: Factory, restart: Callable[..., Flask]) -> None:
    me = Client(restart(token_lifetime=1)).log_in(make.phone())
    time.sleep(1.1)
    assert failure(me.get("/users/me")) == DEAD


def test_use_gives_a_token_its_full_lifetime_again(make: Factory, restart: Callable[..., Flask]) -> None:
    me = Client(restart(token_lifetime=10)).log_in(make.phone())
    redis = me.app.extensions["redis"]
    kept = [*redis.keys("token:*"), *redis.keys("sessions:*")]
    assert len(kept) == 2
    for key in kept:
        redis.expire(key, 3)
    time.sleep(1.3)  # renewals are a 48th of a lifetime apart at least, and moments are kept to the second
    assert me.get("/users/me").status_code == 200
    assert all(redis.ttl(key) > 8 for key in kept)


def test_threads_that_come_and_go_use_up_no_connections(make: Factory) -> None:
    """A server may answer each request in a thread of its own; a pool of redis-py has room for 100 connections."""
    me = make.user()
    codes = [at_once([lambda: me.get("/users/me").status_code]) for _ in range(120)]
    assert codes == [[200]] * 120


def test_everything_kept_of_a_login_runs_out(make: Factory, client: Client) -> None:
    client.log_in(make.phone()).get("/users/me")
    redis = client.app.extensions["redis"]
    assert {key: redis.ttl(key) for key in redis.keys("*") if redis.ttl(key) < 0} == {}
