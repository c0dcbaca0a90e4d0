"""``@idempotent``: a client that did not hear our answer sends the same request again, and nothing happens twice.

It goes above ``@ns.answer`` and below what checks login and body::

    @login_check
    @ns.body(post_creation)
    @idempotent
    @ns.answer(post, code=201, message="Post created")

The client puts a text of its own making into the header ``Idempotency-Key``, a UUID for instance. For 24 hours the
same request with the same key gets the same status and the same bytes, and the header ``Idempotency-Replayed: true``;
another request with that key gets 409. Only a success is kept: after a failure the key is free, and the request runs
anew. Without the header nothing of this happens.

View and answer share one transaction. What a view under this decorator does outside the database happens before it is
known whether the transaction holds, and happens again if that ends in a deadlock: it must do no harm then.
"""

import hashlib
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import orjson
from flask import Response, g, request

from flask_api.core.describing import describe
from flask_api.core.envelope import json_response
from flask_api.core.errors import InvalidField
from flask_api.core.idempotency_keys import MAX_LENGTH, Answer, IdempotencyKeyReused, answer_once
from flask_api.core.request_shapes import invalid

View = TypeVar("View", bound=Callable[..., Any])

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
FORM = re.compile(rf"[!-~]{{1,{MAX_LENGTH}}}")
PARAMETER = {
    "in": "header",
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_LENGTH,
    "pattern": f"^{FORM.pattern}$",
    "description": "Makes it safe to send this again: for 24 hours the same key and request get the same answer, "
    f"with the header `{REPLAYED}: true`",
}


def idempotent(view: View) -> View:
    """Run the view once for each ``Idempotency-Key`` of a caller; see the module's text.

    Raises:
        InvalidField: the key is not 1 to 64 printable ASCII characters without a space.
        IdempotencyKeyReused: the key came with another request.
        TypeError: when the app starts: the decorators are in another order, so that a body could pass unseen.
    """
    _check_order(getattr(view, "__apidoc__", {}))

    @wraps(view)
    def once(resource: Any, *args: Any, **kwargs: Any) -> Response:
        key = request.environ.get("HTTP_IDEMPOTENCY_KEY")
        if key is None:
            return view(resource, *args, **kwargs)  # type: ignore[no-any-return]
        if not FORM.fullmatch(key):
            message = f"must be 1 to {MAX_LENGTH} printable ASCII characters without a space"
            raise invalid([{"field": HEADER, "message": message}])

        def run() -> Answer:
            response: Response = view(resource, *args, **kwargs)
            return Answer(response.status_code, response.get_data())

        answer = answer_once(g.user_id, key, _fingerprint(args, kwargs), run)
        response = json_response(answer.body, answer.code)
        if answer.is_replay:
            response.headers[REPLAYED] = "true"
        return response

    once.__idempotent__ = True  # type: ignore[attr-defined]
    described: View = describe(  # type: ignore[assignment]
        once, errors=[InvalidField, IdempotencyKeyReused], params={HEADER: dict(PARAMETER)}
    )
    return described


def _check_order(doc: dict[str, Any]) -> None:
    """Look at what the decorators below have put on the page: an answer, and neither body nor query."""
    answers = any(code < 300 for code in doc.get("responses", ()))
    if not answers or "expect" in doc or "params" in doc:
        raise TypeError("@idempotent goes below @ns.body and @ns.query, and above @ns.answer")


def _fingerprint(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Return what tells this request from another: method, address, and what the view is given of body and query.

    Not the query as it was sent: signatures of version 1 stand there, and a request is signed anew each time.
    """
    told = orjson.dumps([request.method, request.path, args, kwargs], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(told).hexdigest()
