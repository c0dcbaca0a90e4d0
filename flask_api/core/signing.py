"""``@validsign``: signed requests, which nobody can change or send again. The protocol is docs/signing.md."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, overload

from flask import Flask, Response, g, request
from werkzeug.datastructures import ImmutableMultiDict

from flask_api.core import nonces, signatures
from flask_api.core.auth import TokenMissing
from flask_api.core.credentials import HEADERS, SignatureMalformed, SignatureSent, basic_sent
from flask_api.core.describing import describe
from flask_api.core.errors import TooLarge, Unauthorized
from flask_api.core.rate_limits import PER_APP_KEY, Budget
from flask_api.core.signatures import NOT_SIGNED_IN_V1, Signed
from flask_api.extensions import settings
from flask_api.setting_kinds import Quota

View = TypeVar("View", bound=Callable[..., Any])

SERVER_TIME = "X-Server-Time"


class SignatureError(Unauthorized):
    challenge = signatures.ALGORITHM


class SignatureMissing(SignatureError):
    status = "SIGNATURE_MISSING"
    message = "Sign this request (docs/signing.md)."


class AppKeyInvalid(SignatureError):
    status = "APP_KEY_INVALID"
    message = "There is no such app key, or it is disabled."


class VersionRefused(SignatureError):
    status = "VERSION_1_REFUSED"
    message = "This app key does not allow signatures of version 1."


class ClockSkew(SignatureError):
    status = "CLOCK_SKEW"
    message = "The timestamp is too far from the server's time, which the header X-Server-Time tells; sign anew."


class SignatureWrong(SignatureError):
    status = "SIGNATURE_WRONG"
    message = "The signature is not the one of this request."


class NonceUsed(SignatureError):
    status = "NONCE_USED"
    message = "This request was sent before; sign anew, with another nonce."


class NonceStoreRenewed(SignatureError):
    status = "NONCE_STORE_RENEWED"
    message = "Requests signed this early cannot be told from replays any more; sign anew."


@dataclass(frozen=True, slots=True)
class SigningKey:
    """What it takes to check a client app's signatures.

    Args:
        secrets: those that are valid now, in clear.
        quota: how often it may send signed requests; None: as often as it likes.
    """

    appkey: str
    secrets: tuple[str, ...]
    allows_version_1: bool
    quota: Quota | None


Find = Callable[[str], SigningKey | None]
_finders: list[Find] = []
ERRORS = (
    *(SignatureMissing, SignatureMalformed, AppKeyInvalid, VersionRefused, ClockSkew, SignatureWrong, NonceUsed),
    *(NonceStoreRenewed, TooLarge),
)


def finder(find: Find) -> Find:
    """Name the function that finds the key of a client app that is not disabled."""
    _finders[:] = [find]
    return find


@overload
def validsign(view: View) -> View: ...
@overload
def validsign(*, require_token: bool = False, require_sign: bool | None = None) -> Callable[[View], View]: ...
def validsign(view: View | None = None, *, require_token: bool = False, require_sign: bool | None = None) -> Any:
    """Check the request's signature; stands above ``@login_check``.

    Args:
        require_token: the signature has to cover a login token.
        require_sign: whether a request must be signed. None: where ``SOLO_SIGNED_AREAS`` names the namespace; a
            signature that is there is checked everywhere.

    Raises:
        SignatureMissing, AppKeyInvalid, VersionRefused, ClockSkew, SignatureWrong, NonceUsed, NonceStoreRenewed: 401.
        LimitReached: 429, the app key sends more than it may.
        RedisError: Redis is away; no signature can be accepted.
    """
    if view is None:
        return lambda decorated: _validsign_with(decorated, require_token, require_sign)
    return _validsign_with(view, require_token, require_sign)


def _validsign_with(view: View, require_token: bool, require_sign: bool | None) -> View:
    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        sent: SignatureSent | None = g.arrival.signature
        if sent is not None:
            _check(sent)
        elif is_demanded(g.arrival.plan.area, require_sign):
            raise SignatureMissing
        if require_token and not g.arrival.token:
            raise TokenMissing
        return view(*args, **kwargs)

    checked.__signable__ = True  # type: ignore[attr-defined]
    checked.__require_sign__ = require_sign  # type: ignore[attr-defined]
    errors = [*ERRORS, TokenMissing] if require_token else ERRORS
    return describe(checked, errors=errors, params=HEADER_PARAMETERS)  # type: ignore[return-value]


def is_signable(view: Any) -> bool:
    """Whether a view checks signatures."""
    return getattr(view, "__signable__", False)


def is_demanded(area: str, require_sign: bool | None) -> bool:
    """Whether an unsigned request to a view of this namespace is refused."""
    return area in settings.areas_to_sign if require_sign is None else require_sign


def _check(sent: SignatureSent) -> None:
    if g.arrival.failure is not None:
        raise g.arrival.failure
    key = _finders[0](sent.appkey)
    if key is None:
        raise AppKeyInvalid
    if sent.version == 1 and not key.allows_version_1:
        raise VersionRefused
    if abs(int(sent.timestamp) - time.time()) > settings.signature_window:
        raise ClockSkew
    if not signatures.is_one_of(sent.sign, _expected(sent, key.secrets)):
        raise SignatureWrong
    budget = None if key.quota is None else Budget((PER_APP_KEY, key.quota))
    # Version 1 sets nothing between token, timestamp and nonce, which could be cut elsewhere: the sign stays the same.
    used_once = [sent.nonce, sent.sign] if sent.version == 1 else [sent.nonce]
    taken = nonces.take(key.appkey, used_once, int(sent.timestamp), budget)
    if budget is not None and taken.outcome == "taken":
        budget.judge(taken.used)
    if taken.outcome == "renewed":
        raise NonceStoreRenewed
    if taken.outcome == "used":
        raise NonceUsed
    if sent.version == 1:
        _leave_what_was_signed(sent)


def _expected(sent: SignatureSent, valid_secrets: Iterable[str]) -> list[str]:
    if sent.version == 1:
        parts = {"token": g.arrival.token, "timestamp": sent.timestamp, "nonce": sent.nonce}
        return [signatures.sign_v1(sent.parameters, secret=secret, **parts) for secret in valid_secrets]
    signed = Signed(
        method=request.method,
        path=request.environ["PATH_INFO"].encode("latin-1"),  # PEP 3333
        query=request.environ.get("QUERY_STRING", ""),
        body=request.get_data(),
        timestamp=sent.timestamp,
        nonce=sent.nonce,
        token=g.arrival.token or basic_sent(),
    )
    return [signatures.sign(signed, secret) for secret in valid_secrets]


def _leave_what_was_signed(sent: SignatureSent) -> None:
    """Let the view see the parameters of version 1 as its body, or its query, without those of the signature."""
    signed = {name: value for name, value in sent.parameters.items() if name not in NOT_SIGNED_IN_V1}
    if request.form:
        g.form = signed
    else:
        request.args = ImmutableMultiDict(signed)


def register_server_time(app: Flask) -> None:
    """Tell clients that sign the server's time, so that a wrong clock can be corrected (Unix seconds)."""

    @app.after_request
    def tell(response: Response) -> Response:
        if "tells_time" in g:
            response.headers[SERVER_TIME] = str(int(time.time()))
        return response


_MEANINGS = {
    "appkey": "the app key",
    "timestamp": "Unix time in seconds",
    "nonce": "16 to 64 characters that were never used before",
    "sign": "the signature, in hex",
}
HEADER_PARAMETERS = {
    header: {"in": "header", "type": "string", "description": f"If signed: {_MEANINGS[name]}"}
    for name, header in HEADERS.items()
}
