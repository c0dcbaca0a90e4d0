"""Every failure has the one shape, whoever notices it; a crash shows nothing of itself."""

import logging
import sqlite3
from collections.abc import Iterator
from typing import Any

import pymysql
import pytest
from flask import Flask, abort
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.test import TestResponse

from flask_api import create_app
from flask_api.core import errors
from flask_api.core.resource import Namespace, Resource, UndeclaredError
from flask_api.extensions import db
from flask_api.settings import Settings
from tests.clients import Client, check_shape, failure
from tests.conftest import stop_app
from tests.factories import Factory

CANARY = "c4n4ry"
BROKEN = Exception(CANARY)
RAISED = [
    (RuntimeError(CANARY), 500, "INTERNAL_ERROR"),
    (KeyError(CANARY), 500, "INTERNAL_ERROR"),
    (RecursionError(CANARY), 500, "INTERNAL_ERROR"),
    (IntegrityError(CANARY, {}, BROKEN), 500, "INTERNAL_ERROR"),
    (OperationalError(CANARY, {}, pymysql.err.OperationalError(2013, CANARY)), 503, "SERVICE_UNAVAILABLE"),
    (InterfaceError(CANARY, {}, pymysql.err.InterfaceError(0, "")), 503, "SERVICE_UNAVAILABLE"),
    (OperationalError(CANARY, {}, sqlite3.OperationalError("database is locked")), 503, "SERVICE_UNAVAILABLE"),
    (OperationalError(CANARY, {}, sqlite3.OperationalError(f"no such column: {CANARY}")), 500, "INTERNAL_ERROR"),
    (OperationalError(CANARY, {}, pymysql.err.OperationalError(1054, CANARY)), 500, "INTERNAL_ERROR"),
    (PoolTimeout(CANARY), 503, "SERVICE_UNAVAILABLE"),
    (RedisConnectionError(CANARY), 503, "SERVICE_UNAVAILABLE"),
    (errors.Conflict("Taken."), 409, "CONFLICT"),
    (errors.TooManyRequests(retry_after=7), 429, "TOO_MANY_REQUESTS"),
]
ABORTED = {400: 400, 401: 401, 403: 403, 404: 404, 405: 405, 406: 400, 409: 400, 410: 400, 413: 413, 414: 400}
ABORTED |= {415: 415, 416: 400, 422: 400, 428: 400, 429: 429, 431: 400, 500: 500, 501: 500, 502: 500, 503: 500}


@pytest.fixture
def crashing(settings: Settings) -> Iterator[Flask]:
    """An app as in production: not testing, with routes that fail."""
    own = create_app(settings)

    @own.route("/raise/<int:number>")
    def fail(number: int) -> Any:
        raise RAISED[number][0]

    @own.route("/abort/<int:code>")
    def give_up(code: int) -> Any:
        abort(code)

    @own.route("/half-done")
    def write_and_fail() -> Any:
        db.session.execute(text("DELETE FROM user_info"))
        raise RuntimeError(CANARY)

    yield own
    stop_app(own)


def open_path(app: Flask, path: str, method: str = "GET", **kwargs: Any) -> TestResponse:
    response = app.test_client().open(path, method=method, **kwargs)
    check_shape(response)
    assert response.content_type == "application/json"
    return response


@pytest.mark.parametrize("number", range(len(RAISED)), ids=[type(error).__name__ for error, *_ in RAISED])
def test_whatever_is_raised_is_answered_in_the_one_shape(number: int, crashing: Flask) -> None:
    _, code, status = RAISED[number]
    response = open_path(crashing, f"/raise/{number}")
    assert failure(response) == (code, status)
    assert CANARY.encode() not in response.data
    assert ("Retry-After" in response.headers) == (code in (429, 503))


@pytest.mark.parametrize("code", ABORTED)
def test_whatever_flask_aborts_with_is_answered_in_the_one_shape(code: int, crashing: Flask) -> None:
    assert open_path(crashing, f"/abort/{code}").status_code == ABORTED[code]


def test_a_crash_is_in_the_log_with_its_text(crashing: Flask, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        open_path(crashing, "/raise/0")
    assert CANARY in caplog.text


def test_a_crash_rolls_back_what_was_written(crashing: Flask, make: Factory, app: Flask) -> None:
    user = make.user()
    assert open_path(crashing, "/half-done").status_code == 500
    app.extensions["redis"].delete(f"caller:{{{user.user_id}}}")
    assert user.get("/users/me").status_code == 200


@pytest.mark.parametrize("path", ["/", "/nothing", "/api/nothing", "/api/v1", "/api/v1/", "/api/v1/users/me/"])
def test_an_address_that_does_not_exist_is_404_everywhere(path: str, app: Flask) -> None:
    assert failure(open_path(app, path)) == (404, "NOT_FOUND")


@pytest.mark.parametrize("user_id", ["0x1", "-1", "1.0", str(2**63), "9" * 400, "%00", "１"])
def test_an_id_that_no_row_can_have_is_404(user_id: str, make: Factory) -> None:
    assert make.user().get(f"/users/{user_id}").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/users/me", {"GET", "HEAD", "OPTIONS", "PATCH"}),
        ("GET", "/auth/logout", {"OPTIONS", "POST"}),
        ("TRACE", "/health/live", {"GET", "HEAD", "OPTIONS"}),
        ("BREW", "/health/live", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_a_method_that_is_not_there_is_405_and_names_those_that_are(
    method: str, path: str, allowed: set[str], client: Client
) -> None:
    response = client.call(method, path)
    assert failure(response) == (405, "METHOD_NOT_ALLOWED")
    assert {name.strip() for name in response.headers["Allow"].split(",")} == allowed


def test_a_head_answers_as_a_get_without_a_body(app: Flask) -> None:
    response = app.test_client().head("/api/v1/health/live")
    assert (response.status_code, response.data) == (200, b"")


@pytest.mark.parametrize("host", ["evil", "a:b", "a b", "localhost@evil", "[", ""])
def test_a_host_that_is_not_ours_is_400_and_says_why(host: str, settings: Settings) -> None:
    own = create_app(settings.model_copy(update={"allowed_hosts": ["solo.example"]}))
    refused = open_path(own, "/api/v1/health/live", headers={"Host": host})
    assert (refused.status_code, refused.get_json()["message"]) == (400, "This server is not known by that host name.")
    for ours in ("solo.example", "localhost", "localhost:8000"):
        assert open_path(own, "/api/v1/health/live", headers={"Host": ours}).status_code == 200
    stop_app(own)


def test_a_body_over_the_limit_is_413_and_one_at_it_is_read(app: Flask, settings: Settings, make: Factory) -> None:
    user = make.user()
    own = create_app(settings.model_copy(update={"max_body_size": 1000}))
    there = Client(own, user.token)
    kind = {"content_type": "application/json"}
    assert failure(there.patch("/users/me", data=b'{"bio": "x"}'.ljust(1001), **kind)) == (413, "TOO_LARGE")
    assert there.patch("/users/me", data=b'{"bio": "x"}'.ljust(1000), **kind).status_code == 200
    stop_app(own)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", None])
def test_a_body_that_does_not_say_json_is_415(kind: str | None, make: Factory) -> None:
    response = make.user().patch("/users/me", data=b"{}", content_type=kind)
    assert failure(response) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_an_error_that_the_page_does_not_announce_fails_the_test(app: Flask) -> None:
    from flask_restx import Api

    ns = Namespace("undeclared", path="/undeclared")

    @ns.route("")
    class Undeclared(Resource):
        @ns.answer()
        def get(self) -> None:
            raise errors.Conflict

        @ns.fails(errors.Conflict)
        @ns.answer()
        def post(self) -> None:
            raise errors.Conflict

    own = create_app(app.extensions["settings"])
    own.testing = True
    api = Api(own, prefix="/extra", doc=False)
    api.error_router = lambda original, error: original(error)
    api.add_namespace(ns)
    with pytest.raises(UndeclaredError, match=r"Undeclared.get raised Conflict"):
        own.test_client().get("/extra/undeclared")
    assert own.test_client().post("/extra/undeclared").status_code == 409
    stop_app(own)
