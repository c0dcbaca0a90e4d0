"""Proof that it is the owner who changes how one logs in; what it is good for, core/proofs.py says.

It is made by the first of these that the account has: its password; a code sent to its phone; an ID token of its Google
account that was made just now.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app
from sqlalchemy import and_, bindparam, select

from flask_api.accounts import attempts, passwords, sms_codes
from flask_api.accounts.models import GOOGLE, SocialLogin
from flask_api.accounts.sms_codes import CodeWrong
from flask_api.audit import services as audit
from flask_api.core import proofs
from flask_api.core.auth import TokenInvalid
from flask_api.core.errors import Forbidden
from flask_api.core.proofs import LIFETIME, Means, Proof, means_of
from flask_api.core.tokens import Token
from flask_api.core.transaction import lock, rows
from flask_api.providers.google import IdTokenInvalid
from flask_api.users.models import UserAuth

ACCOUNT = select(
    UserAuth.id.label("user_id"), UserAuth.phone, UserAuth.email, UserAuth.password_hash, SocialLogin.subject
)
ACCOUNT = ACCOUNT.outerjoin(SocialLogin, and_(SocialLogin.user_id == UserAuth.id, SocialLogin.provider == GOOGLE))
ACCOUNT = ACCOUNT.where(UserAuth.id == bindparam("user_id"))


class ProofWrong(Forbidden):
    status = "PROOF_WRONG"
    message = "This does not prove that the account is yours: it is wrong, used, or too old."


@dataclass(frozen=True, slots=True)
class _Account:
    """What is known of how somebody logs in. ``subject`` is who they are at Google."""

    user_id: int
    phone: str | None
    email: str | None
    password_hash: str | None
    subject: str | None

    @property
    def has_password(self) -> bool:
        return self.password_hash is not None

    @property
    def has_google(self) -> bool:
        return self.subject is not None

    @property
    def proof_by(self) -> Means:
        return means_of(has_password=self.has_password, phone=self.phone)


def get_account(user_id: int) -> _Account:
    """Return how somebody logs in, and what proves that it is they.

    Raises:
        TokenInvalid: the account has gone meanwhile.
    """
    for found in rows(ACCOUNT, user_id=user_id):
        return _Account(**found._mapping)
    raise TokenInvalid


def prove(
    current: Token, *, password: str | None = None, code: str | None = None, id_token: str | None = None
) -> Proof:
    """Return a proof, for that which the account has; one thing is sent.

    Raises:
        ProofNeeded: it is not what the account has.
        ProofWrong: it is wrong.
        TooManyFailures: passwords were tried too often.
        GoogleOff, GoogleAway: see :meth:`GoogleTokens.verify`.
    """
    account = get_account(current.user_id)
    means = account.proof_by
    sent = {"password": password, "code": code, "id_token": id_token}[means]
    if sent is None:
        raise proofs.needed(means)
    way, check = CHECKS[means]
    with audit.refusals_recorded("proof_failed", user_id=current.user_id, way=way):
        check(account, sent)
    return proofs.issue(current.user_id, current.digest, current.generation)


def lock_proven(current: Token) -> UserAuth:
    """Return the caller's account, locked, if nothing has ended this login, and with it its proofs.

    Raises:
        TokenInvalid: something has, since the request came.
    """
    user = lock(UserAuth, current.user_id)
    if user is None or user.token_generation != current.generation:
        raise TokenInvalid
    return user


def _check_password(account: _Account, password: str) -> None:
    """Hashing is slow, so it never happens while a row is locked."""
    attempts.count(attempts.PROOFS_PER_USER, str(account.user_id))
    if not passwords.is_right(password, account.password_hash):
        raise ProofWrong(field="password")
    attempts.forget(attempts.PROOFS_PER_USER, str(account.user_id))


def _check_code(account: _Account, code: str) -> None:
    try:
        sms_codes.use_code(account.phone or "", "proof", code)
    except CodeWrong:
        raise ProofWrong(field="code") from None


def _check_id_token(account: _Account, id_token: str) -> None:
    try:
        identity = current_app.extensions["google"].verify(id_token, max_age=LIFETIME)
    except IdTokenInvalid:
        raise ProofWrong(field="id_token") from None
    if not account.has_google or identity.subject != account.subject:
        raise ProofWrong(field="id_token")


# By what is sent: what the audit calls it, and who looks at it.
CHECKS: dict[Means, tuple[str, Callable[[_Account, str], None]]] = {
    "password": ("password", _check_password),
    "code": ("sms_code", _check_code),
    "id_token": (GOOGLE, _check_id_token),
}
