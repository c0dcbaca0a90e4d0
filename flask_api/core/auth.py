"""``@login_check``: the token from the header, looked up in Redis, the caller on ``g``."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, overload

from flask import g, request

from flask_api.core import callers, tokens
from flask_api.core.callers import Caller
from flask_api.core.describing import describe
from flask_api.core.errors import Forbidden, Unauthorized

View = TypeVar("View", bound=Callable[..., Any])

SECURITY_SCHEMES = {
    "token": {"type": "apiKey", "in": "header", "name": "token", "description": "The token that a login answered"},
    "bearer": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`Bearer <token>`"},
    "basic": {"type": "basic", "description": "Phone and password, to get a token"},
}

ACTIVE = "active"


class TokenMissing(Unauthorized):
    status = "TOKEN_MISSING"
    message = "Log in first: send the token in the header `token` or `Authorization: Bearer`."


class TokenInvalid(Unauthorized):
    status = "TOKEN_INVALID"
    message = "This token is not valid, or no longer; log in again."


class BasicMissing(Unauthorized):
    status = "BASIC_MISSING"
    message = "Send phone and password as HTTP Basic."
    challenge = 'Basic realm="Solo", charset="UTF-8"'


class RoleMissing(Forbidden):
    status = "ROLE_MISSING"
    message = "Your role does not allow this."


@overload
def login_check(view: View) -> View: ...
@overload
def login_check(*, role: str) -> Callable[[View], View]: ...
def login_check(view: View | None = None, *, role: str | None = None) -> Any:
    """Let only a logged-in caller through (``@login_check``), or one with a role (``@login_check(role="admin")``).

    The view finds ``g.user_id``, ``g.caller`` (a :class:`callers.Caller`) and ``g.token``.

    Raises:
        TokenMissing, TokenInvalid: 401.
        RoleMissing: 403.
        LimitReached: 429.
        RedisError: Redis is away, which is answered 503, never 401.
    """
    if view is None:
        return lambda decorated: login_check_with(decorated, role)
    return login_check_with(view, role)


def login_check_with(view: View, role: str | None) -> View:
    """Wrap ``view`` in the check; see :func:`login_check`."""
    if getattr(view, "__signable__", False):
        raise TypeError("@validsign goes above @login_check: a signature is checked first")

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        caller = _identify()
        if role is not None and caller.role != role:
            raise RoleMissing
        return view(*args, **kwargs)

    errors = [TokenMissing, TokenInvalid] + ([RoleMissing] if role else [])
    checked.__role__ = role or "user"  # type: ignore[attr-defined]
    return describe(checked, errors=errors, security=[{"token": []}, {"bearer": []}])  # type: ignore[return-value]


def login_if_sent(view: View) -> View:
    """Let everybody through; who sends a token must be logged in, and the view finds them as ``@login_check`` says.

    Raises:
        TokenInvalid: 401.
        LimitReached: 429.
        RedisError: Redis is away.
    """

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if g.arrival.token:
            _identify()
        return view(*args, **kwargs)

    checked.__role__ = "user"  # type: ignore[attr-defined]
    either: list[dict[str, list[str]]] = [{}, {"token": []}, {"bearer": []}]  # nothing will do, too
    return describe(checked, errors=[TokenInvalid], security=either)  # type: ignore[return-value]


def _identify() -> Caller:
    """Judge what came on arrival (core/arrival.py)."""
    context = g._get_current_object()  # once, not at each name
    arrival = context.arrival
    if not arrival.token:
        raise TokenMissing
    user_id = arrival.user_id
    if user_id is None:
        raise TokenInvalid
    if arrival.failure is not None:
        raise arrival.failure
    kept_token, kept_caller = arrival.kept
    if kept_token is None:
        raise TokenInvalid
    token = tokens.read(user_id, arrival.digest, kept_token)
    caller = callers.resolve(user_id, kept_caller)
    if caller is None or caller.status != ACTIVE or caller.token_generation != token.generation:
        raise TokenInvalid
    plan = arrival.plan
    if plan.of_user is not None:
        plan.of_user.tally(plan.tally, str(user_id))
    if tokens.needs_renewal(token, plan.token_lifetime):
        token = tokens.renew(token)
    if kept_caller is None:  # so of somebody in use every ten minutes, and not at each request
        tokens.note_use(user_id)
    context.user_id, context.caller, context.token = user_id, caller, token
    return caller


def basic_check(view: View) -> View:
    """Take phone and password from an HTTP Basic header (RFC 7617); the view gets both as its last arguments.

    Raises:
        BasicMissing: 401, when there is no such header or it cannot be read.
    """

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        sent = request.authorization
        if sent is None or sent.type != "basic" or not sent.username or not sent.password:
            raise BasicMissing
        return view(*args, sent.username, sent.password, **kwargs)

    return describe(checked, errors=[BasicMissing], security=[{"basic": []}])  # type: ignore[return-value]
