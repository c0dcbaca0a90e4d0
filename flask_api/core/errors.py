"""The ApiError family and the one JSON shape of every failure.

A feature subclasses the family member that fits and raises it anywhere::

    class TableTaken(Conflict):
        status = "TABLE_TAKEN"
        message = "Somebody sits at this table already."

``failures.py`` turns whatever was raised into an answer; nothing else builds one.
"""

from typing import Any

import orjson


class ApiError(Exception):
    """A failure that the client is told of.

    Class attributes say what every such failure has in common: ``code`` (HTTP status), ``status`` (a stable word for
    programs), ``message`` (one sentence for people).

    Args:
        message: a sentence that replaces the class's own.
        field: the field of the request that is at fault.
        errors: all fields at fault, each ``{"field": …, "message": …}``.
        retry_after: whole seconds until another try makes sense; sent as the Retry-After header.
    """

    code = 500
    status = "INTERNAL_ERROR"
    message = "Something went wrong on our side. It has been recorded."
    retry_after: int | None = None
    challenge: str | None = None  # the WWW-Authenticate header that a 401 has to carry (RFC 9110 §11.6.1)

    def __init__(
        self,
        message: str | None = None,
        *,
        field: str | None = None,
        errors: list[dict[str, str]] | None = None,
        retry_after: int | None = None,
    ) -> None:
        self.message = message or type(self).message
        self.field = field
        self.errors = errors
        self.retry_after = retry_after if retry_after is not None else type(self).retry_after
        super().__init__(self.message)


class BadRequest(ApiError):
    code = 400
    status = "BAD_REQUEST"
    message = "The request cannot be understood."


class InvalidField(BadRequest):
    status = "INVALID_FIELD"
    message = "A field is missing or has a value that is not allowed."


class Unauthorized(ApiError):
    code = 401
    status = "UNAUTHORIZED"
    message = "Log in first."
    challenge = "Bearer"


class Forbidden(ApiError):
    code = 403
    status = "FORBIDDEN"
    message = "You may not do this."


class NotFound(ApiError):
    code = 404
    status = "NOT_FOUND"
    message = "There is nothing here."


class MethodNotAllowed(ApiError):
    code = 405
    status = "METHOD_NOT_ALLOWED"
    message = "This address does not know this method."


class Conflict(ApiError):
    code = 409
    status = "CONFLICT"
    message = "This does not fit what is stored."


class TooLarge(ApiError):
    code = 413
    status = "TOO_LARGE"
    message = "The request is too large."


class UnsupportedMediaType(ApiError):
    code = 415
    status = "UNSUPPORTED_MEDIA_TYPE"
    message = "Send the body as application/json."


class TooManyRequests(ApiError):
    code = 429
    status = "TOO_MANY_REQUESTS"
    message = "Too many requests; wait a little."
    retry_after = 1


class LimitReached(TooManyRequests):
    status = "LIMIT_REACHED"
    message = "Too many requests: the header RateLimit says of what, Retry-After how long to wait."


class InternalError(ApiError):
    """The answer to a crash; its text never leaves the house."""


class ServiceUnavailable(ApiError):
    code = 503
    status = "SERVICE_UNAVAILABLE"
    message = "A part of the service is away; try again in a moment."
    retry_after = 1


def failure_body(
    code: int,
    status: str,
    message: str,
    *,
    request_id: str,
    field: str | None = None,
    errors: list[dict[str, str]] | None = None,
) -> bytes:
    """Return the JSON body of a failure: the one place that knows its shape."""
    body: dict[str, Any] = {"code": code, "status": status, "message": message}
    if field is not None:
        body["field"] = field
    if errors:
        body["errors"] = errors
    body["request_id"] = request_id
    return orjson.dumps(body)
