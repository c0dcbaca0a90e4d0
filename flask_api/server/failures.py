"""Failures that the server itself notices, in the one JSON shape of the house."""

from http import HTTPStatus

from flask_api.core.errors import ApiError, failure_body
from flask_api.core.request_ids import HEADER
from flask_api.server.answers import Answer, build_answer


class RequestTimeout(ApiError):
    """The body did not arrive in time (RFC 9110 §15.5.9)."""

    code = 408
    status = "REQUEST_TIMEOUT"
    message = "The request took too long to arrive."


class LengthRequired(ApiError):
    """The body is streamed to a handler, which wants to know its length before (RFC 9110 §15.5.12)."""

    code = 411
    status = "LENGTH_REQUIRED"
    message = "Say how long the body is: send Content-Length."


class HeadersTooLarge(ApiError):
    """Request line and headers are over the limit (RFC 6585 §5)."""

    code = 431
    status = "HEADERS_TOO_LARGE"
    message = "The headers of the request are too large."


def failure_answer(error: ApiError, request_id: str, *, to_head: bool = False) -> Answer:
    """Return the response that tells of a failure."""
    headers = [("Content-Type", "application/json"), (HEADER, request_id)]
    if error.retry_after is not None:
        headers.append(("Retry-After", str(error.retry_after)))
    body = failure_body(error.code, error.status, error.message, request_id=request_id)
    return build_answer(f"{error.code} {HTTPStatus(error.code).phrase}", headers, body, to_head=to_head)
