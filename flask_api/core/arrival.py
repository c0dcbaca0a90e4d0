"""What happens to a request before its view runs: it is counted, and Redis is asked once for all that is needed.

It counts against the limits of the client's address, and where a login is needed one round trip brings the token and
the caller. What it brought is on ``g.arrival`` for ``@login_check``, which judges it in its turn: after the signature,
before the body.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, g
from redis.exceptions import RedisError
from werkzeug.exceptions import HTTPException

from flask_api.core import rate_limits, redis_keys, signing, tokens
from flask_api.core.credentials import SignatureSent, signature_sent, token_sent
from flask_api.core.errors import ApiError, BadRequest
from flask_api.core.rate_limits import PER_ADDRESS, PER_USER
from flask_api.core.redis_trips import Command, RedisTrips
from flask_api.core.tallies import Tally
from flask_api.settings import Settings

View = Callable[..., Any]

PLANS = "arrival_plans"  # of an app's extensions: by view, what its requests need


class Plan:
    """What the requests to one view need; worked out once for each app, as it takes longer to ask for than to have."""

    def __init__(self, view: View, app: Flask) -> None:
        values: Settings = app.extensions["settings"]
        self.area: str = getattr(view, "__area__", "")
        self.is_signable = signing.is_signable(view)
        self.needs_login = hasattr(view, "__role__")
        self.of_address = rate_limits.budget_of((PER_ADDRESS,), values)
        self.of_user = rate_limits.budget_of((PER_USER,), values)
        self.strict = rate_limits.budget_of(rate_limits.limits_of(view), values)
        self.tally: Tally = app.extensions["tally"]
        self.token_lifetime = values.token_lifetime


@dataclass(slots=True)
class Arrival:
    """What is known of a request before its view runs.

    Args:
        token: the text of the login token; empty where none was sent.
        plan: what its view needs.
        signature: as it was sent, to a view that checks it.
        user_id, digest: where the token is kept; None where it cannot be one, or none is needed.
        kept: what Redis keeps of the token and the caller.
        failure: why Redis could not be asked.
    """

    token: str
    plan: Plan
    signature: SignatureSent | None = None
    user_id: int | None = None
    digest: str = ""
    kept: Sequence[Any] = (None, None)
    failure: RedisError | None = None


def arrive(view: View, environ: dict[str, Any]) -> None:
    """Count a request to ``view``, whose WSGI environ this is, and make its round trip.

    Raises:
        SignatureMalformed: see :func:`credentials.signature_sent`.
        BadRequest: the query is not ASCII.
        LimitReached: the client's address has used up a limit.
        RedisError: Redis is away, and the view has limits that are closed without it.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined] # many proxies cost more than the rest of this
    plan = _plan(app, view)
    g.arrival = arrival = Arrival(token_sent(environ), plan)
    refusal = _read_signature(arrival) if plan.is_signable else None
    address = rate_limits.bucket(environ.get("REMOTE_ADDR", ""))
    if plan.of_address is not None:
        plan.of_address.tally(plan.tally, address)
    _ask(app.extensions["redis_trips"], plan, arrival, address)
    if refusal is not None:
        raise refusal
    if not environ.get("QUERY_STRING", "").isascii():  # Werkzeug would stumble over it
        raise BadRequest("Write what is not ASCII in the address as %XX.")


def _read_signature(arrival: Arrival) -> Exception | None:
    """Note the signature; return what is wrong with it, which is told after the request was counted."""
    g.tells_time = True
    try:
        arrival.signature = signature_sent()
    except (ApiError, HTTPException) as error:
        return error
    if arrival.signature is not None:
        arrival.token = arrival.signature.token or arrival.token
    return None


def _plan(app: Flask, view: View) -> Plan:
    plans: dict[View, Plan] = app.extensions.setdefault(PLANS, {})
    if view not in plans:
        plans[view] = Plan(view, app)
    return plans[view]


def _ask(trips: RedisTrips, plan: Plan, arrival: Arrival, address: str) -> None:
    """Count against the limits that are closed without Redis, and read token and caller, in one round trip."""
    commands: list[Command] = [] if plan.strict is None else [plan.strict.command(address)]
    if plan.needs_login and (located := tokens.locate(arrival.token)):
        arrival.user_id, arrival.digest = located
        commands.append(("MGET", redis_keys.token(*located), redis_keys.caller(located[0])))
    elif arrival.signature is not None and not commands:
        commands.append(("PING",))  # a nonce will be taken: where Redis hangs, waiting once is enough
    try:
        replies = trips.ask(*commands, scripts=(rate_limits.COUNT,)) if commands else []
    except RedisError as error:
        if plan.strict is not None:
            raise
        arrival.failure = error
        return
    if arrival.user_id is not None:
        arrival.kept = replies[-1]
    if plan.strict is not None:
        plan.strict.judge(replies[0])
