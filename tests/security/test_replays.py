"""A signed request is accepted once: at once, by several processes, after Redis was emptied, when Redis is late."""

import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from flask import Flask
from redis.exceptions import TimeoutError as RedisTimeout

from flask_api.settings import Settings
from tests.clients import Client, failure
from tests.conftest import start_app, stop_app
from tests.factories import Factory, at_once
from tests.security.signing_clients import SigningClient, make_signing_client
from tests.services.redis_server import RedisServer

SESSIONS = "/auth/sessions"
USED, RENEWED = (401, "NONCE_USED"), (401, "NONCE_STORE_RENEWED")


@pytest.fixture
def signer(app: Flask, make: Factory) -> SigningClient:
    return make_signing_client(app, make.user().token)


@pytest.fixture
def other_app(settings: Settings) -> Iterator[Flask]:
    """The same site in another process, as far as Redis and the database can tell."""
    app = start_app(settings)
    yield app
    stop_app(app)


def outcome(client: Client, headers: dict[str, str]) -> tuple[int, str]:
    return failure(client.get(SESSIONS, headers=headers))


def test_request_sent_again_is_401(signer: SigningClient) -> None:
    headers = signer.headers("GET", SESSIONS)
    assert [outcome(signer, headers) for _ in range(3)] == [(200, "SUCCESS"), USED, USED]


def test_of_32_at_once_on_two_hosts_one_is_accepted(signer: SigningClient, other_app: Flask) -> None:
    elsewhere = Client(other_app, signer.token)
    for _ in range(5):
        headers = signer.headers("GET", SESSIONS)
        here_and_there = [partial(outcome, client, headers) for client in (signer, elsewhere) for _ in range(16)]
        assert Counter(at_once(here_and_there)) == {(200, "SUCCESS"): 1, USED: 31}


def test_request_refused_for_its_signature_does_not_use_up_the_nonce(signer: SigningClient) -> None:
    headers = signer.headers("GET", SESSIONS)
    assert outcome(signer, {**headers, "X-Sign": "0" * 64}) == (401, "SIGNATURE_WRONG")
    assert outcome(signer, headers) == (200, "SUCCESS")


def test_nonces_of_two_app_keys_are_apart(app: Flask, signer: SigningClient) -> None:
    other = make_signing_client(app, signer.token)
    for client in (signer, other):
        nonce = {"X-Nonce": "the-same-for-both"}
        headers = client.headers("GET", SESSIONS)
        assert outcome(client, {**headers, **nonce}) == (401, "SIGNATURE_WRONG")
        assert outcome(client, headers) == (200, "SUCCESS")


def test_replay_after_redis_was_emptied_is_refused_and_a_new_request_passes(
    app: Flask, make: Factory, signer: SigningClient
) -> None:
    headers = signer.headers("GET", SESSIONS)
    assert outcome(signer, headers) == (200, "SUCCESS")
    app.extensions["redis"].flushall()
    signer.token = None
    headers_of_before = {**headers}
    assert failure(Client(app).get(SESSIONS, headers=headers_of_before))[0] == 401
    early = signer.headers("POST", "/auth/sms-codes", body=b"{}", late=-1)
    for _ in range(2):
        answer = signer.post("/auth/sms-codes", data=b"{}", content_type="application/json", headers=early)
        assert failure(answer) == RENEWED
    wait_for_the_next_second()
    assert signer.send("POST", "/auth/sms-codes", {"phone": make.phone()}).status_code == 201


def wait_for_the_next_second() -> None:
    """Timestamps are whole seconds: what was signed in the second of the emptying cannot be told from before."""
    time.sleep(1 - time.time() % 1 + 0.05)


def test_replay_after_redis_was_restarted_is_refused_and_a_new_request_passes(settings: Settings) -> None:
    with RedisServer() as redis:
        app = start_app(settings.model_copy(update={"redis_url": redis.url()}))
        signer = make_signing_client(app, Factory(app).user().token)
        headers = signer.headers("GET", SESSIONS)
        assert outcome(signer, headers) == (200, "SUCCESS")
        redis.kill()
        redis.start()
        assert_only_what_is_signed_anew_passes(make_signing_client_of(signer))
        stop_app(app)


def test_replay_after_another_redis_took_over_is_refused(app: Flask, signer: SigningClient) -> None:
    """A replica that becomes the master lacks what it was not sent yet, however long it has been running."""
    store = f"nonce_store:{{{signer.appkey}}}"
    redis = app.extensions["redis"]
    assert outcome(signer, signer.headers("GET", SESSIONS)) == (200, "SUCCESS")
    run, kept_for, since = redis.get(store).decode().split()
    assert (len(run), int(kept_for), since) == (40, 660, "0")
    redis.set(store, f"{'0' * 40} {kept_for} {since}")
    assert_only_what_is_signed_anew_passes(make_signing_client_of(signer))


def test_longer_window_lets_nothing_in_whose_nonce_is_forgotten(
    settings: Settings, app: Flask, signer: SigningClient
) -> None:
    assert outcome(signer, signer.headers("GET", SESSIONS)) == (200, "SUCCESS")
    patient = start_app(settings.model_copy(update={"signature_window": 600}))
    assert_only_what_is_signed_anew_passes(make_signing_client_of(signer, patient))
    stop_app(patient)


def make_signing_client_of(signer: SigningClient, app: Flask | None = None) -> SigningClient:
    """Return a client of the same app key that is not logged in."""
    return SigningClient(app or signer.app, signer.appkey, signer.secret)


def assert_only_what_is_signed_anew_passes(signer: SigningClient) -> None:
    body = {"phone": "13800138000"}
    for _ in range(2):
        assert failure(signer.send("POST", "/auth/sms-codes", body, late=-5)) == RENEWED
    wait_for_the_next_second()
    assert signer.send("POST", "/auth/sms-codes", body).status_code == 201


def test_first_request_of_a_new_app_key_passes_though_its_clock_is_late(app: Flask, make: Factory) -> None:
    signer = make_signing_client(app)
    assert signer.send("POST", "/auth/sms-codes", {"phone": make.phone()}, late=-200).status_code == 201


def test_honest_request_passes_once_when_redis_answers_too_late(
    app: Flask, signer: SigningClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first answer is lost after the nonce was taken; the second asking finds its own attempt there."""
    trips = app.extensions["redis_trips"]
    ask, lost = trips._ask, []

    def lose_first_taking(commands: tuple[Any, ...], again: bool) -> Any:
        replies = ask(commands, again)
        if any("nonce" in str(part) for part in commands[0]) and not lost:
            lost.append(commands)
            raise RedisTimeout("too late")
        return replies

    monkeypatch.setattr(trips, "_ask", lose_first_taking)
    headers = signer.headers("GET", SESSIONS)
    assert outcome(signer, headers) == (200, "SUCCESS")
    assert lost
    assert outcome(signer, headers) == USED


def test_replays_use_up_nothing_of_the_app_keys_rate(app: Flask, make: Factory) -> None:
    signer = make_signing_client(app, make.user().token, requests_per_minute=3)
    headers = signer.headers("GET", SESSIONS)
    assert [outcome(signer, headers) for _ in range(6)] == [(200, "SUCCESS"), *[USED] * 5]
    assert signer.send("GET", SESSIONS).status_code == 200


def test_request_over_the_app_keys_rate_is_429(app: Flask, make: Factory) -> None:
    signer = make_signing_client(app, make.user().token, requests_per_minute=3)
    answers = [signer.send("GET", SESSIONS) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert '"app-key";q=3;w=60' in answers[0].headers["RateLimit-Policy"]
    assert '"app-key";r=2;t=60' in answers[0].headers["RateLimit"]
    assert 0 < int(answers[3].headers["Retry-After"]) <= 60
