"""Pages of other sites: none may read an answer but those of SOLO_CORS_ORIGINS, and none with credentials."""

import re
from collections.abc import Callable

import pytest
from flask import Flask

from tests.clients import BASE
from tests.factories import Factory
from tests.security.operations import Operation, each

GOOD = "https://app.solo.test"
EVIL = [
    *("https://evil.example", "null", "http://app.solo.test", "https://app.solo.test:444"),
    "https://app.solo.test.evil",
    *("https://evilapp.solo.test", "https://x.app.solo.test", "https://app.solo.test/", "HTTPS://APP.SOLO.TEST.", "*"),
    *("https://appxsolo.test", "file://", "https://app.solo.test@evil.example", "https://app.solo.test\x00"),
]
HOST = {"Host": "solo.test"}


@pytest.fixture(scope="session")
def app(production: Callable[..., Flask]) -> Flask:
    return production(cors_origins=[GOOD])


def ask(app: Flask, operation: Operation, origin: str, *, preflight: bool = False, token: str = "") -> dict[str, str]:
    """Return the headers of the answer that have to do with origins."""
    headers = {**HOST, "Origin": origin, "token": token, "Cookie": "a=b"}
    if preflight:
        headers |= {"Access-Control-Request-Method": operation.method, "Access-Control-Request-Headers": "token"}
    method = "OPTIONS" if preflight else operation.method
    answer = app.test_client().open(BASE + operation.url(), method=method, headers=headers, json=operation.example)
    assert answer.status_code != 500
    return {name: value for name, value in answer.headers.items() if name.startswith("Access-Control")}


@each()
def test_evil_and_null_origins_are_told_nothing(app: Flask, house: Factory, operation: Operation) -> None:
    token = house.admin().token or ""
    for origin in EVIL:
        for preflight in (True, False):
            assert ask(app, operation, origin, preflight=preflight, token=token) == {}, origin


@each()
def test_allowed_origin_is_named_and_never_gets_credentials(app: Flask, operation: Operation) -> None:
    """Tokens travel in a header, so no cookie has to; ``*`` would let everybody read."""
    for preflight in (True, False):
        headers = ask(app, operation, GOOD, preflight=preflight)
        assert headers["Access-Control-Allow-Origin"] == GOOD
        assert "Access-Control-Allow-Credentials" not in headers
    assert "token" in ask(app, operation, GOOD, preflight=True)["Access-Control-Allow-Headers"]


@each()
def test_without_origins_in_the_settings_nobody_is_told_anything(house_app: Flask, operation: Operation) -> None:
    for origin in (GOOD, "null", "http://localhost:5000"):
        for preflight in (True, False):
            assert ask(house_app, operation, origin, preflight=preflight) == {}


def test_answer_for_one_origin_is_not_kept_for_another(production: Callable[..., Flask]) -> None:
    app = production(cors_origins=[GOOD, "https://other.solo.test"])
    for origin in (GOOD, "https://other.solo.test"):
        answer = app.test_client().get(f"{BASE}/health/live", headers={**HOST, "Origin": origin})
        assert answer.headers.get_all("Access-Control-Allow-Origin") == [origin]
        assert "Origin" in re.split(", *", answer.headers["Vary"])
        assert answer.headers["Cache-Control"] == "no-store"
