"""Ways to log in: each ends in a new token."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from flask_api.accounts import attempts, passwords, sms_codes
from flask_api.accounts.leaving import erase_account
from flask_api.core import redis_keys, tokens
from flask_api.core.database import now
from flask_api.core.errors import Forbidden, Unauthorized
from flask_api.core.transaction import lock, transactional
from flask_api.extensions import db, settings
from flask_api.users.models import UserAuth
from flask_api.users.phones import normalise
from flask_api.users.services import add_user


class CredentialsWrong(Unauthorized):
    status = "CREDENTIALS_WRONG"
    message = "Phone or password is wrong."


class AccountBanned(Forbidden):
    status = "ACCOUNT_BANNED"
    message = "This account is banned."


@dataclass(frozen=True, slots=True)
class Login:
    """What a login answers; ``expires_in`` in seconds without use."""

    token: str
    expires_in: int
    user_id: int
    registered: bool = False
    restored: bool = False


@dataclass(frozen=True, slots=True)
class Client:
    """Where a login comes from, for the list of sessions."""

    device: str
    address: str


def log_in_by_code(phone: str, code: str, client: Client) -> Login:
    """Log in, registering a phone that is new.

    Raises:
        CodeWrong: see :func:`sms_codes.use_code`.
        AccountBanned: the phone's account is banned.
    """
    phone = normalise(phone)
    sms_codes.use_code(phone, "login", code)
    try:
        user, registered, restored = _enter_or_register(phone)
    except IntegrityError:  # another request registered the phone in the meantime
        user, registered, restored = _enter_or_register(phone)
    return _issue(user, client, registered=registered, restored=restored)


def log_in_by_password(phone: str, password: str, client: Client) -> Login:
    """Log in by password. A wrong phone and a wrong password look the same and take as long.

    Raises:
        CredentialsWrong, TooManyFailures, AccountBanned.
    """
    phone = normalise(phone)
    failures = redis_keys.login_failures(phone)
    attempts.count(failures)
    user = find_user(phone)
    if not passwords.is_right(password, user.password_hash if user else None) or user is None or _is_over(user):
        raise CredentialsWrong
    attempts.forget(failures)
    user, restored = _enter(user.id, user.password_hash, password)
    return _issue(user, client, restored=restored)


def find_user(phone: str, lock: bool = False) -> UserAuth | None:
    """Return the account of a phone (E.164)."""
    query = select(UserAuth).where(UserAuth.phone == phone)
    if lock:
        query = query.with_for_update(of=UserAuth)
    return db.session.scalar(query)


@transactional
def _enter_or_register(phone: str) -> tuple[UserAuth, bool, bool]:
    user = find_user(phone, lock=True)
    if user is not None and _is_over(user):
        erase_account(user)
        user = None
    if user is None:
        return add_user(phone, last_login_at=now()), True, False
    return user, False, _note_login(user)


@transactional
def _enter(user_id: int, proven_hash: str | None, password: str) -> tuple[UserAuth, bool]:
    user = lock(UserAuth, user_id)
    if user is None or user.password_hash is None or user.password_hash != proven_hash:
        raise CredentialsWrong  # it was changed after we checked the old one
    if passwords.is_outdated(user.password_hash):
        user.password_hash = passwords.hash_password(password)
    return user, _note_login(user)


def _note_login(user: UserAuth) -> bool:
    """Refuse the banned, note the login, and take back a deletion that was asked for; tell whether one was."""
    if user.status == "banned":
        raise AccountBanned
    restored = user.status == "leaving"
    if restored:
        user.status, user.delete_after = "active", None
    user.last_login_at = now()
    return restored


def _is_over(user: UserAuth) -> bool:
    return user.delete_after is not None and user.delete_after <= now()


def _issue(user: UserAuth, client: Client, *, registered: bool = False, restored: bool = False) -> Login:
    token = tokens.issue(user.id, user.token_generation, device=client.device, address=client.address)
    return Login(token, settings.token_lifetime, user.id, registered, restored)
