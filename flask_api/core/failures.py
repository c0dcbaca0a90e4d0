"""From whatever was raised to the one JSON answer, with a rollback: one handler for each kind of failure."""

import logging
import sqlite3

from flask import Flask, Response, current_app, g, request
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, SecurityError

from flask_api.core import errors
from flask_api.core.describing import ALWAYS_POSSIBLE, errors_of
from flask_api.core.envelope import json_response
from flask_api.core.errors import ApiError, failure_body
from flask_api.core.resource import Resource, UndeclaredError
from flask_api.extensions import db

log = logging.getLogger(__name__)

# Lock wait, deadlock, and all that PyMySQL says of a connection; anything else is a fault of ours.
MYSQL_AWAY = frozenset({0, 1040, 1053, 1205, 1213, 2002, 2003, 2006, 2013, 2014})
SQLITE_AWAY = ("locked", "busy", "unable to open", "disk I/O", "full", "readonly")

HTTP_FAILURES: dict[int, type[ApiError]] = {
    family.code: family
    for family in (
        errors.BadRequest,
        errors.Unauthorized,
        errors.Forbidden,
        errors.NotFound,
        errors.MethodNotAllowed,
        errors.TooLarge,
        errors.UnsupportedMediaType,
        errors.TooManyRequests,
        errors.ServiceUnavailable,
    )
}


def register_failure_handlers(app: Flask) -> None:
    """Make ``app`` answer every failure in the one shape."""
    app.register_error_handler(ApiError, _answer_api_error)
    app.register_error_handler(HTTPException, _answer_http_exception)
    app.register_error_handler(RedisError, _answer_away)
    app.register_error_handler(DBAPIError, _answer_database_error)
    app.register_error_handler(PoolTimeout, _answer_away)
    app.register_error_handler(Exception, _answer_crash)


def _answer_api_error(error: ApiError) -> Response:
    _check_declared(error)
    return _answer(error)


def _answer_http_exception(error: HTTPException) -> Response:
    """Answer what Flask and Werkzeug raise: 404, 405, 413, a bad Host, redirects."""
    if error.code is None or error.code < 400:
        return error.get_response()  # type: ignore[return-value]
    if error.code >= 500:
        return _answer_crash(error)
    family = HTTP_FAILURES.get(error.code, errors.BadRequest)()
    if isinstance(error, RequestEntityTooLarge):
        family = errors.TooLarge()
    if isinstance(error, SecurityError):
        log.warning("refused a Host that SOLO_ALLOWED_HOSTS does not have: %.100s", request.environ.get("HTTP_HOST"))
        family = errors.BadRequest("This server is not known by that host name.")
    response = _answer(family)
    if allow := dict(error.get_headers()).get("Allow"):
        response.headers["Allow"] = allow
    if error.code == 405 and getattr(error, "valid_methods", None):
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))  # type: ignore[attr-defined]
    return response


def _answer_database_error(error: DBAPIError) -> Response:
    return _answer_away(error) if is_away(error) else _answer_crash(error)


def is_away(error: DBAPIError) -> bool:
    """Tell whether the database could not be reached, or was busy; anything else is a fault of ours."""
    return (
        error.connection_invalidated
        or number_of(error) in MYSQL_AWAY
        or (isinstance(error.orig, sqlite3.OperationalError) and any(word in str(error.orig) for word in SQLITE_AWAY))
    )


def number_of(error: DBAPIError) -> int | None:
    """Return MySQL's number of an error; None for what another database says."""
    number = error.orig.args[0] if error.orig is not None and error.orig.args else None
    return number if isinstance(number, int) else None


def _answer_away(error: Exception) -> Response:
    """Answer 503: Redis or the database did not answer in time, or not at all."""
    log.error("a part of the service is away: %s", _first_line(error), extra={"kind": type(error).__name__})
    return _answer(errors.ServiceUnavailable())


def _answer_crash(error: Exception) -> Response:
    """Answer 500; the text of the crash goes to the log only."""
    if isinstance(error, UndeclaredError):
        raise error
    log.error("crash in %s %s", request.method, request.path, exc_info=error)
    return _answer(errors.InternalError())


def _answer(error: ApiError) -> Response:
    db.session.rollback()
    body = failure_body(
        error.code,
        error.status,
        error.message,
        request_id=g.get("request_id", ""),
        field=error.field,
        errors=error.errors,
    )
    response = json_response(body, error.code)
    if error.challenge is not None:
        response.headers["WWW-Authenticate"] = error.challenge
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _check_declared(error: ApiError) -> None:
    """In tests, refuse an error that the page does not announce."""
    if not current_app.testing or request.endpoint is None:
        return
    view_class = getattr(current_app.view_functions[request.endpoint], "view_class", None)
    if view_class is None or not issubclass(view_class, Resource):
        return
    method = "get" if request.method == "HEAD" else request.method.lower()
    declared = errors_of(getattr(view_class, method, None))
    if error.code < 500 and type(error) not in (*declared, *ALWAYS_POSSIBLE):
        raise UndeclaredError(f"{view_class.__name__}.{method} raised {type(error).__name__}: name it in @ns.fails")


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0][:300] if text else type(error).__name__
