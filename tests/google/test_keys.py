"""Google's keys: kept, renewed, given up; and how little a flood of tokens makes us fetch."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from flask_api.core import metrics
from flask_api.core.exposition import exposition
from flask_api.providers.google import GoogleTokens
from flask_api.providers.google_keys import PATIENCE, GoogleKeys, KeysAway
from flask_api.providers.outside import calling
from flask_api.settings import Settings
from tests.clients import Client, failure
from tests.factories import at_once
from tests.metrics.telling import read, value
from tests.services.clock import Clock
from tests.services.google_issuer import GoogleIssuer, kid, private_key, public_jwk
from tests.services.upstream import Behaviour

MINUTE, DAY = 60, 86400
TIMEOUT = 3.0  # seconds: longer than the machine stands still
SLACK = 3.0  # the machine does other things too
AWAY, INVALID, FINE = (503, "GOOGLE_AWAY"), (401, "ID_TOKEN_INVALID"), (200, "SUCCESS")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(issuer: GoogleIssuer, clock: Clock) -> GoogleKeys:
    return GoogleKeys(f"{issuer.url}/certs", timeout=TIMEOUT, clock=clock)


def has(keys: GoogleKeys, number: int) -> bool:
    """Whether there is a key of this number, and it is that one."""
    found = keys.find(kid(number))
    return found is not None and found.key.public_numbers() == private_key(number).public_key().public_numbers()


@pytest.mark.parametrize(("max_age", "kept"), [(3600, 3600), (0, MINUTE), (7, MINUTE), (10 * DAY, DAY), (10**30, DAY)])
def test_keys_are_kept_for_as_long_as_google_says_within_bounds(
    issuer: GoogleIssuer, keys: GoogleKeys, clock: Clock, max_age: int, kept: int
) -> None:
    issuer.max_age = max_age
    assert has(keys, 1)
    clock.seconds += kept - 1
    assert has(keys, 1)
    assert issuer.fetches == 1
    clock.seconds += 1
    assert has(keys, 1)
    assert issuer.fetches == 2


@pytest.mark.parametrize("header", ["", "no-store", "max-age=soon", "max-age=-1", "max-age", "\xff,,=,"])
def test_where_google_does_not_say_how_long_they_are_kept_for_a_while(
    issuer: GoogleIssuer, keys: GoogleKeys, clock: Clock, header: str
) -> None:
    publish = issuer.answer
    issuer.answer = lambda request: (200, {"Cache-Control": header}, publish(request)[2])
    assert has(keys, 1)
    clock.seconds += MINUTE - 1
    assert has(keys, 1)
    assert issuer.fetches == 1


def test_new_key_is_found_and_one_that_vanished_is_not_used(
    issuer: GoogleIssuer, keys: GoogleKeys, clock: Clock
) -> None:
    assert has(keys, 1)
    issuer.published = [1, 2]
    clock.seconds += MINUTE
    assert has(keys, 2)
    assert has(keys, 1)
    issuer.published = [2, 3]
    clock.seconds += MINUTE
    assert has(keys, 3)
    assert keys.find(kid(1)) is None


def test_flood_of_unknown_keys_fetches_once_a_minute(issuer: GoogleIssuer, keys: GoogleKeys, clock: Clock) -> None:
    assert has(keys, 1)
    for minutes in range(3):
        assert {keys.find(f"{minutes}-{number}") for number in range(200)} == {None}
        assert issuer.fetches == 1 + minutes
        clock.seconds += MINUTE


def test_many_threads_that_need_keys_fetch_them_once(issuer: GoogleIssuer, keys: GoogleKeys) -> None:
    issuer.seconds = 0.1
    issuer.behaviour = "slow"
    assert at_once([lambda: has(keys, 1)] * 20) == [True] * 20
    assert issuer.fetches == 1


def test_while_google_is_away_keys_are_used_for_a_day(issuer: GoogleIssuer, keys: GoogleKeys, clock: Clock) -> None:
    issuer.max_age = MINUTE
    assert has(keys, 1)
    issuer.behaviour = "refuse"
    for _ in range(24):
        clock.seconds += DAY / 24 - 1
        assert has(keys, 1)
    with pytest.raises(KeysAway):  # Google may have it by now
        keys.find(kid(2))
    clock.seconds += 24
    with pytest.raises(KeysAway):
        keys.find(kid(1))
    issuer.behaviour = "answer"
    clock.seconds += MINUTE
    assert has(keys, 1)


def test_hanging_google_holds_one_thread_and_the_others_use_what_is_there(
    issuer: GoogleIssuer, keys: GoogleKeys, clock: Clock
) -> None:
    assert has(keys, 1)
    clock.seconds += 3600
    issuer.behaviour = "hang"

    def timed() -> float:
        began = time.monotonic()
        assert has(keys, 1)
        return time.monotonic() - began

    waits = sorted(at_once([timed] * 8))
    assert waits[-1] < TIMEOUT + SLACK
    assert waits[-2] < TIMEOUT
    assert issuer.fetches == 2
    assert timed() < TIMEOUT, "the next fetch is a minute off"


def test_who_asks_while_google_is_away_does_not_put_off_the_next_fetch(
    issuer: GoogleIssuer, keys: GoogleKeys, clock: Clock
) -> None:
    issuer.behaviour = "refuse"
    for _ in range(5):
        with pytest.raises(KeysAway):
            keys.find(kid(1))
        issuer.behaviour = "answer"
        clock.seconds += 1
    assert has(keys, 1)


def test_while_google_hangs_at_first_who_comes_later_does_not_wait(issuer: GoogleIssuer) -> None:
    keys = GoogleKeys(f"{issuer.url}/certs", timeout=3 * PATIENCE)
    issuer.behaviour = "hang"

    def waits() -> float:
        began = time.monotonic()
        with pytest.raises(KeysAway):
            keys.find(kid(1))
        return time.monotonic() - began

    with ThreadPoolExecutor(3) as threads:
        early = [threads.submit(waits) for _ in range(3)]
        time.sleep(1.5 * PATIENCE)
        assert min(waits() for _ in range(4)) < PATIENCE / 2
    assert sorted(one.result() for one in early)[-2] < 2.5 * PATIENCE, "one fetches, the others wait a little"


def test_while_too_many_requests_wait_google_is_not_asked_and_is_asked_right_after(
    app: Flask, client: Client, settings: Settings, issuer: GoogleIssuer, keys: GoogleKeys, clock: Clock
) -> None:
    app.extensions["google"] = GoogleTokens(settings, keys)
    login = {"id_token": issuer.id_token()}
    with app.test_request_context(), calling("google"), calling("google"):
        assert failure(client.post("/auth/google", json=login)) == AWAY
        assert issuer.fetches == 0
    assert failure(client.post("/auth/google", json=login)) == FINE
    clock.seconds += DAY / 2
    with app.test_request_context(), calling("google"), calling("google"):
        assert failure(client.post("/auth/google", json=login)) == FINE, "its key is there"


def test_who_waits_for_what_another_fetches_leaves_threads_to_others(
    app: Flask, client: Client, settings: Settings, issuer: GoogleIssuer, tmp_path: Path
) -> None:
    keys = GoogleKeys(f"{issuer.url}/certs", timeout=2 * PATIENCE)
    app.extensions["google"] = GoogleTokens(settings, keys)
    login = {"id_token": issuer.id_token()}
    issuer.behaviour = "hang"

    with metrics.kept_in(tmp_path):
        assert set(at_once([lambda: failure(client.post("/auth/google", json=login))] * 8)) == {AWAY}
        told = read(exposition(tmp_path, {}).decode())
    assert value(told, "solo_outside_calls_total", service="google", outcome="busy") == 5, (
        "one fetches, two wait for it"
    )
    assert issuer.fetches == 1


def test_first_logins_that_come_at_once_all_succeed(
    app: Flask, client: Client, settings: Settings, issuer: GoogleIssuer, keys: GoogleKeys
) -> None:
    app.extensions["google"] = GoogleTokens(settings, keys)
    issuer.seconds = 0.2
    issuer.behaviour = "slow"
    logins = [{"id_token": issuer.id_token(str(number))} for number in range(3)]
    answers = at_once([lambda login=login: failure(client.post("/auth/google", json=login)) for login in logins])
    assert answers == [FINE] * 3
    assert issuer.fetches == 1


BAD_DAYS: list[Behaviour] = ["refuse", "hang", "garbage", "leave"]


def test_without_keys_a_login_is_503_in_time_and_works_when_google_is_back(
    app: Flask, client: Client, settings: Settings, issuer: GoogleIssuer, keys: GoogleKeys, clock: Clock
) -> None:
    app.extensions["google"] = GoogleTokens(settings, keys)
    login = {"id_token": issuer.id_token()}
    for behaviour in BAD_DAYS:
        issuer.behaviour = behaviour
        began = time.monotonic()
        answer = client.post("/auth/google", json=login)
        assert (failure(answer), answer.headers["Retry-After"]) == (AWAY, "5"), behaviour
        assert failure(client.post("/auth/google", json=login)) == AWAY, "and does not ask again"
        assert time.monotonic() - began < TIMEOUT + SLACK, behaviour
        clock.seconds += 5
    issuer.behaviour = "answer"
    assert failure(client.post("/auth/google", json=login)) == FINE


def listed(*jwks: Any) -> bytes:
    return json.dumps({"keys": [*jwks]}).encode()


NO_KEYS: dict[str, tuple[int, bytes]] = {
    "empty": (200, b""),
    "HTML": (200, b"<html>Welcome to this hotel's network"),
    "not UTF-8": (200, b"\xff\xfe{}"),
    "a list": (200, b"[]"),
    "no list": (200, b'{"keys": 7}'),
    "list of nothing": (200, b'{"keys": []}'),
    "odd list": (200, b'{"keys": [null, 1, "a", {}, []]}'),
    "deep": (200, b"[" * 30_000),
    "huge": (200, listed(public_jwk(1), {"kty": "RSA", "x": "x" * 70_000})),
    "not found": (404, listed(public_jwk(1))),
    "sent elsewhere": (302, listed(public_jwk(1))),
    "500": (500, listed(public_jwk(1))),
    "a secret": (200, listed({"kty": "oct", "k": "c2VjcmV0", "kid": kid(1), "alg": "HS256"})),
    "a key to encrypt with": (200, listed(public_jwk(1, use="enc"))),
    "a key of another algorithm": (200, listed(public_jwk(1, alg="RS512"))),
    "a key without a name": (200, listed(public_jwk(1, kid=None))),
    "a short key": (200, listed(public_jwk(1, bits=1024))),
    "half a key": (200, listed({**public_jwk(1), "n": None})),
}


@pytest.mark.parametrize("answer", NO_KEYS.values(), ids=NO_KEYS.keys())
def test_answer_without_keys_is_none_and_leaves_those_before(
    issuer: GoogleIssuer, clock: Clock, answer: tuple[int, bytes]
) -> None:
    status, body = answer
    publish = issuer.answer
    issuer.answer = lambda _: (status, {"Location": "/elsewhere"}, body)
    keys = GoogleKeys(f"{issuer.url}/certs", timeout=5, clock=clock)
    with pytest.raises(KeysAway):
        keys.find(kid(1))
    assert issuer.fetches == 1
    issuer.answer = publish
    clock.seconds += 5
    assert has(keys, 1)
    issuer.answer = lambda _: (status, {"Location": "/elsewhere"}, body)
    clock.seconds += 3600
    assert has(keys, 1)


def test_bad_key_beside_good_ones_harms_nobody(issuer: GoogleIssuer, keys: GoogleKeys) -> None:
    jwks = listed({"kty": "EC", "crv": "P-999"}, public_jwk(1), public_jwk(2, use="enc"))
    issuer.answer = lambda _: (200, {}, jwks)
    assert has(keys, 1)
    assert keys.find(kid(2)) is None


def test_flood_of_forged_tokens_fetches_once(client: Client, issuer: GoogleIssuer) -> None:
    assert failure(client.post("/auth/google", json={"id_token": issuer.id_token()})) == FINE
    forged = [issuer.id_token(key=number) for number in (7, 8, 9)] * 7
    answers = at_once(
        [lambda token=token: failure(client.post("/auth/google", json={"id_token": token})) for token in forged]
    )
    assert set(answers) == {INVALID}
    assert issuer.fetches == 1, "it is less than a minute ago"
