"""A Redis and an app of one's own, to break."""

import time
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from flask_api.settings import Settings
from tests.clients import Client, failure
from tests.conftest import PATIENCE as PATIENCE_OF_TESTS
from tests.conftest import start_app, stop_app
from tests.services.redis_server import RedisServer

FAST = 0.3  # seconds
TRIES = 3  # of which the fastest counts: the machine does other things too
PATIENCE = {name: Settings.model_fields[name].default for name in PATIENCE_OF_TESTS}  # what users have
Call = Callable[[], TestResponse]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update=PATIENCE)


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    with RedisServer(tcp=True) as server:
        yield server


@pytest.fixture
def own_app(settings: Settings, own_redis: RedisServer) -> Iterator[Flask]:
    """An app whose Redis nobody else uses."""
    app = start_app(settings.model_copy(update={"redis_url": own_redis.url()}))
    yield app
    own_redis.thaw() if own_redis.is_running else None
    stop_app(app)


def assert_away_fast(call: Call) -> None:
    """The call answers 503 with Retry-After, every time, and within 300 ms."""
    seconds = []
    for _ in range(TRIES):
        began = time.perf_counter()
        response = call()
        seconds.append(time.perf_counter() - began)
        assert failure(response) == (503, "SERVICE_UNAVAILABLE")
        assert int(response.headers["Retry-After"]) >= 1
        if seconds[-1] < FAST:
            return
    raise AssertionError(f"took {min(seconds):.3f} s")


def assert_recovers(call: Call, expected: int, within: float = 1.0) -> None:
    """The call answers as expected within a second."""
    deadline = time.monotonic() + within
    while (response := call()).status_code == 503 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert response.status_code == expected, response.get_json()


def away_parts(user: Client) -> dict[str, str]:
    """What /health/ready says is wrong, by part."""
    response = user.get("/health/ready")
    assert failure(response) == (503, "NOT_READY")
    assert int(response.headers["Retry-After"]) >= 1
    return {error["field"]: error["message"] for error in response.get_json()["errors"]}
