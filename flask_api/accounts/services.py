"""Passwords, phones and sessions of somebody who is logged in, and resetting a password by SMS code."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError

from flask_api.accounts import attempts, mail_codes, passwords, sms_codes
from flask_api.accounts.logins import find_user
from flask_api.audit import services as audit
from flask_api.audit.models import Action
from flask_api.core import tokens
from flask_api.core.errors import Conflict, Forbidden, NotFound
from flask_api.core.tokens import Token
from flask_api.core.transaction import rows, transactional
from flask_api.extensions import db
from flask_api.users import emails
from flask_api.users.models import UserAuth
from flask_api.users.phones import normalise
from flask_api.users.services import PhoneTaken, find_user_by_email, lock_user

HASH = select(UserAuth.password_hash).where(UserAuth.id == bindparam("user_id"))


class OldPasswordWrong(Forbidden):
    status = "OLD_PASSWORD_WRONG"
    message = "This account has a password; old_password is missing or wrong."


class PhoneSetAlready(Conflict):
    status = "PHONE_SET_ALREADY"
    message = "This account has a phone."


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


def set_password(current: Token, new_password: str, old_password: str | None = None) -> None:
    """Set the first password, or change the one there is; every other login ends.

    Raises:
        OldPasswordWrong: there is a password, and ``old_password`` is not it.
        TooManyFailures: it was tried too often.
    """
    known = check_password(current.user_id, old_password, "password_change_failed")
    generation = _replace_password(current.user_id, known, passwords.hash_password(new_password))
    tokens.renew(current, generation)


def check_password(user_id: int, old_password: str | None, failure: Action) -> str | None:
    """Make sure that a user knows the password, if there is one, before a way into the account is changed.

    A token alone may be somebody else's by now. Hashing is slow, so it never happens while a row is locked.

    Args:
        failure: what the audit calls a refusal.

    Returns:
        The hash that was looked at, or None: there is no password.

    Raises:
        OldPasswordWrong: ``old_password`` is not it.
        TooManyFailures: it was tried too often.
    """
    known: str | None = next((row.password_hash for row in rows(HASH, user_id=user_id)), None)
    if known is None:
        return None
    attempts.count(attempts.CHANGES_PER_USER, str(user_id))
    with audit.refusals_recorded(failure, user_id=user_id):
        if not passwords.is_right(old_password or "", known):
            raise OldPasswordWrong
    attempts.forget(attempts.CHANGES_PER_USER, str(user_id))
    return known


def lock_unchanged(user_id: int, known: str | None) -> UserAuth:
    """Return an account, locked, whose password is the one that was looked at.

    Raises:
        OldPasswordWrong: somebody else has changed it since.
    """
    user = lock_user(user_id)
    if user.password_hash != known:
        raise OldPasswordWrong
    return user


@transactional
def _replace_password(user_id: int, known: str | None, new_hash: str) -> int:
    user = lock_unchanged(user_id, known)
    user.password_hash = new_hash
    user.end_all_logins()
    audit.record("password_set" if known is None else "password_changed", user_id=user_id)
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


def set_phone(user_id: int, phone: str, code: str) -> None:
    """Give an account that has no phone, as Google made it, one that its owner has shown to hold.

    Raises:
        CodeWrong: see :func:`sms_codes.use_code`.
        PhoneSetAlready: it has one.
        PhoneTaken: the phone has an account.
    """
    phone = normalise(phone)
    with audit.refusals_recorded("phone_set_failed", user_id=user_id, phone=phone):
        sms_codes.use_code(phone, "phone", code)
    try:
        _set_phone(user_id, phone)
    except IntegrityError:
        raise PhoneTaken(field="phone") from None


@transactional
def _set_phone(user_id: int, phone: str) -> None:
    user = lock_user(user_id)
    if user.phone is not None:
        raise PhoneSetAlready
    user.phone = phone
    db.session.flush()
    audit.record("phone_set", user_id=user_id, phone=phone)


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
