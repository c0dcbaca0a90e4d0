"""Passwords, phones and sessions of somebody who is logged in, and resetting a password by SMS code."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.exc import IntegrityError

from flask_api.accounts import attempts, mail_codes, passwords, sms_codes
from flask_api.accounts.logins import find_user
from flask_api.accounts.proofs import lock_proven
from flask_api.audit import services as audit
from flask_api.core import tokens
from flask_api.core.errors import NotFound
from flask_api.core.tokens import Token
from flask_api.core.transaction import transactional
from flask_api.extensions import db
from flask_api.users import emails
from flask_api.users.phones import normalise
from flask_api.users.services import PhoneTaken, find_user_by_email


class SessionNotFound(NotFound):
    status = "SESSION_NOT_FOUND"
    message = "You have no such session."


@dataclass(frozen=True, slots=True)
class Session:
    """A login, as its owner sees it."""

    session_id: int
    device: str
    address: str
    created_at: datetime
    last_used_at: datetime
    current: bool


def set_password(current: Token, new_password: str) -> None:
    """Set the first password, or change the one there is; every other login ends.

    Raises:
        TokenInvalid: see :func:`lock_proven`.
    """
    tokens.renew(current, _replace_password(current, passwords.hash_password(new_password)))


@transactional
def _replace_password(current: Token, new_hash: str) -> int:
    user = lock_proven(current)
    audit.record("password_set" if user.password_hash is None else "password_changed", user_id=user.id)
    user.password_hash = new_hash
    user.end_all_logins()
    return user.token_generation


def reset_password(code: str, new_password: str, phone: str | None = None, email: str | None = None) -> None:
    """Set a new password by a code that was sent to the phone, or to the e-mail address; every login ends.

    Raises:
        CodeWrong: see :func:`codes.try_code`; also when no account has the phone or the address.
    """
    if email is not None:
        email = emails.normalise(email)
        with audit.refusals_recorded("password_reset_failed", email=email):
            mail_codes.use_code(email, "password_reset", code)
            phone = _reset(passwords.hash_password(new_password), email=email)
    else:
        phone = normalise(phone or "")
        with audit.refusals_recorded("password_reset_failed", phone=phone):
            sms_codes.use_code(phone, "password_reset", code)
            _reset(passwords.hash_password(new_password), phone=phone)
    if phone is not None:
        attempts.forget(attempts.LOGINS_PER_PHONE, phone)


@transactional
def _reset(password_hash: str, *, phone: str = "", email: str = "") -> str | None:
    user = find_user(phone, lock=True) if phone else find_user_by_email(email, lock=True)
    if user is None:
        raise sms_codes.CodeWrong
    user.password_hash = password_hash
    user.end_all_logins()
    audit.record("password_reset", user_id=user.id, actor_id=user.id)
    return user.phone


def set_phone(current: Token, phone: str, code: str) -> None:
    """Set a phone that its owner has shown to hold, in the place of the one before; every other login ends.

    Raises:
        CodeWrong: see :func:`sms_codes.use_code`.
        PhoneTaken: the phone has an account; only who holds the phone is told.
        TokenInvalid: see :func:`lock_proven`.
    """
    phone = normalise(phone)
    with audit.refusals_recorded("phone_set_failed", user_id=current.user_id, phone=phone):
        sms_codes.use_code(phone, "phone", code)
    try:
        generation = _set_phone(current, phone)
    except IntegrityError:
        raise PhoneTaken(field="phone") from None
    if generation != current.generation:
        tokens.renew(current, generation)


@transactional
def _set_phone(current: Token, phone: str) -> int:
    user = lock_proven(current)
    before, user.phone = user.phone, phone
    if before == phone:
        return user.token_generation
    user.end_all_logins()
    db.session.flush()
    if before is None:
        audit.record("phone_set", user_id=user.id, phone=phone)
    else:
        audit.record("phone_changed", user_id=user.id, phone=phone, phone_before=before)
    return user.token_generation


def list_sessions(current: Token, generation: int) -> list[Session]:
    """Return the caller's live logins, the one used last first."""
    return [
        Session(
            token.session_id,
            token.device,
            token.address,
            datetime.fromtimestamp(token.created_at, UTC),
            datetime.fromtimestamp(token.renewed_at, UTC),
            token.digest == current.digest,
        )
        for token in tokens.list_tokens(current.user_id)
        if token.generation == generation
    ]


def end_session(current: Token, session_id: int) -> None:
    """End one of the caller's logins.

    Raises:
        SessionNotFound: it is not one of theirs.
    """
    found = [token for token in tokens.list_tokens(current.user_id) if token.session_id == session_id]
    if not found:
        raise SessionNotFound
    tokens.end(found)


def end_other_sessions(current: Token) -> None:
    """End all logins of the caller but this one."""
    tokens.end([token for token in tokens.list_tokens(current.user_id) if token.digest != current.digest])
