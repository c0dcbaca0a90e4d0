"""``@proof_check``: what changes how one logs in needs a proof besides the token, which may be somebody else's by now.

Who proves to be the owner, at login or later (accounts/proofs.py), gets a text for the header ``Proof``. It is signed
by us and kept nowhere; it is good for one login, for ten minutes, until password or phone change. Whoever has stolen a
token lacks it.
"""

import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal, TypeVar

from flask import g, request

from flask_api.core.describing import describe
from flask_api.core.errors import Forbidden
from flask_api.core.tokens import Token
from flask_api.extensions import settings

View = TypeVar("View", bound=Callable[..., Any])

LIFETIME = 600  # seconds
HEADER = "Proof"
PARAMETER = {
    "in": "header",
    "type": "string",
    "description": "What `POST /auth/proofs` answered within the last ten minutes; without it: `PROOF_NEEDED`",
}

Means = Literal["password", "code", "id_token"]  # what one sends to make a proof: the first that the account has
MEANS: dict[Means, str] = {
    "password": "the password",
    "code": "a code sent to this account's phone for proof",
    "id_token": "a new ID token of the Google account that opens this account",
}


class ProofNeeded(Forbidden):
    status = "PROOF_NEEDED"
    message = "Prove first that this account is yours: send what field names to POST /auth/proofs."


@dataclass(frozen=True, slots=True)
class Proof:
    """What who proves is given; ``expires_in`` in seconds."""

    proof: str
    expires_in: int


def means_of(*, has_password: bool, phone: str | None) -> Means:
    """Return what proves that an account is one's own."""
    if has_password:
        return "password"
    return "id_token" if phone is None or settings.sms_provider == "none" else "code"


def issue(user_id: int, digest: str, generation: int) -> Proof:
    """Return a proof for the login whose token has this digest."""
    until = int(time.time()) + LIFETIME
    return Proof(f"{until}.{_signature(user_id, digest, generation, until)}", LIFETIME)


def is_good(proof: str, current: Token) -> bool:
    """Tell whether a proof is one of this login, and not too old."""
    head, _, signature = proof.partition(".")
    until = int(head) if head.isascii() and head.isdigit() and len(head) <= 12 else 0
    ours = _signature(current.user_id, current.digest, current.generation, until)
    return hmac.compare_digest(signature.encode(), ours.encode()) and until > time.time()


def needed(means: Means) -> ProofNeeded:
    """Return the error that says what proves it."""
    message = f"Prove first that this account is yours: send {MEANS[means]} to POST /auth/proofs."
    return ProofNeeded(message, field=means, errors=[{"field": means, "message": "proves it"}])


def proof_check(view: View) -> View:
    """Let a caller through who sends a proof. It stands below ``@ns.body``, so that nobody proves for a bad body.

    Raises:
        ProofNeeded: 403; ``field`` names what ``POST /auth/proofs`` wants of this account.
        TypeError: when the app starts: the decorators are in another order.
    """
    doc = getattr(view, "__apidoc__", {})
    if "expect" in doc or "security" in doc:
        raise TypeError("@proof_check goes below @login_check and @ns.body")

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if not is_good(request.headers.get(HEADER, ""), g.token):
            raise needed(means_of(has_password=g.caller.has_password, phone=g.caller.phone))
        return view(*args, **kwargs)

    return describe(checked, errors=[ProofNeeded], params={HEADER: dict(PARAMETER)})  # type: ignore[return-value]


def _signature(user_id: int, digest: str, generation: int, until: int) -> str:
    """It holds for this login and generation: each change of password or phone makes it worthless."""
    signed = f"proof:{user_id}:{digest}:{generation}:{until}"
    return hmac.new(settings.secret_key.encode(), signed.encode(), hashlib.sha256).hexdigest()
