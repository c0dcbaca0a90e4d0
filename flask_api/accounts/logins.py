"""Ways to log in: each ends in a new token."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from flask_api.accounts import attempts, passwords, sms_codes
from flask_api.accounts.leaving import erase_account
from flask_api.audit import services as audit
from flask_api.core import proofs, tokens
from flask_api.core.database import now
from flask_api.core.errors import Forbidden, Unauthorized
from flask_api.core.proofs import Means
from flask_api.core.transaction import lock, transactional
from flask_api.extensions import db, settings
from flask_api.nearby import places
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
    """What a login answers; ``expires_in`` in seconds without use.

    ``proof`` is None where the login proves too little.
    """

    token: str
    expires_in: int
    user_id: int
    proof: str | None
    registered: bool = False
    restored: bool = False


@dataclass(frozen=True, slots=True)
class Entrance:
    """An account whose owner has shown who they are. Whether it lets them in is for :func:`issue` to say."""

    user: UserAuth
    registered: bool = False
    restored: bool = False


@dataclass(frozen=True, slots=True)
class Client:
    """Where a login comes from: for the list of sessions, and for who is near."""

    device: str
    address: str
    place: Mapping[str, float] | None = None  # latitude and longitude, if it tells them


def log_in_by_code(phone: str, code: str, client: Client) -> Login:
    """Log in, registering a phone that is new.

    Raises:
        CodeWrong: see :func:`sms_codes.use_code`.
        AccountBanned: the phone's account is banned.
    """
    phone = normalise(phone)
    with audit.refusals_recorded("login_failed", way="sms_code", phone=phone):
        sms_codes.use_code(phone, "login", code)
    try:
        entrance = _enter_or_register(phone)
    except IntegrityError:  # another request registered the phone in the meantime
        entrance = _enter_or_register(phone)
    return issue(entrance, client, "code")


def log_in_by_password(phone: str, password: str, client: Client) -> Login:
    """Log in by password. A wrong phone and a wrong password look the same and take as long.

    Raises:
        CredentialsWrong, TooManyFailures, AccountBanned.
    """
    phone = normalise(phone)
    attempts.count(attempts.LOGINS_PER_PHONE, phone)
    user = find_user(phone)
    user_id, password_hash = (user.id, user.password_hash) if user else (None, None)
    with audit.refusals_recorded("login_failed", user_id=user_id, way="password", phone=phone):
        if not passwords.is_right(password, password_hash) or user is None or is_over(user):
            raise CredentialsWrong
        attempts.forget(attempts.LOGINS_PER_PHONE, phone)
        entrance = _enter(user.id, password_hash, password)
    return issue(entrance, client, "password")


def is_admin(phone: str, password: str) -> bool:
    """Whether phone and password are those of an admin who may log in; no token is made.

    Raises:
        TooManyFailures, InvalidField: they were tried too often; it is no phone.
    """
    phone = normalise(phone)
    attempts.count(attempts.LOGINS_PER_PHONE, phone)
    user = find_user(phone)
    is_right = passwords.is_right(password, user.password_hash if user else None)
    if not is_right or user is None or user.role != "admin" or user.status != "active":
        audit.record("login_failed", user_id=user.id if user else None, way="password", phone=phone)
        return False
    attempts.forget(attempts.LOGINS_PER_PHONE, phone)
    return True


def find_user(phone: str, lock: bool = False) -> UserAuth | None:
    """Return the account of a phone (E.164)."""
    query = select(UserAuth).where(UserAuth.phone == phone)
    if lock:
        query = query.with_for_update(of=UserAuth)
    return db.session.scalar(query)


@transactional
def _enter_or_register(phone: str) -> Entrance:
    user = find_user(phone, lock=True)
    if user is not None and is_over(user):
        erase_account(user)
        user = None
    if user is not None:
        return note_login(user, "sms_code")
    user = add_user(phone, last_login_at=now())
    record_login(user, way="sms_code", registered=True)
    return Entrance(user, registered=True)


@transactional
def _enter(user_id: int, proven_hash: str | None, password: str) -> Entrance:
    user = lock(UserAuth, user_id)
    if user is None or user.password_hash is None or user.password_hash != proven_hash:
        raise CredentialsWrong  # it was changed after we checked the old one
    if passwords.is_outdated(user.password_hash):
        user.password_hash = passwords.hash_password(password)
    return note_login(user, "password")


def note_login(user: UserAuth, way: str) -> Entrance:
    """Note the login, and take back a deletion that was asked for; of somebody banned, note only that they tried."""
    if user.status == "banned":
        audit.record("login_failed", user_id=user.id, way=way, reason=AccountBanned.status)
        return Entrance(user)
    restored = user.status == "leaving"
    if restored:
        user.status, user.delete_after = "active", None
    user.last_login_at = now()
    record_login(user, way=way, restored=restored)
    return Entrance(user, restored=restored)


def record_login(user: UserAuth, *, way: str, registered: bool = False, restored: bool = False) -> None:
    audit.record("login", user_id=user.id, actor_id=user.id, way=way, registered=registered, restored=restored)


def is_over(user: UserAuth) -> bool:
    return user.delete_after is not None and user.delete_after <= now()


def issue(entrance: Entrance, client: Client, means: Means | None) -> Login:
    """Return a new token; raised here, a refusal leaves standing what the transaction has noted.

    Args:
        means: what was sent, if it would make a proof. Where the account is proven by just that, the login proves it.
    """
    user = entrance.user
    if user.status == "banned":
        raise AccountBanned
    token = tokens.issue(user.id, user.token_generation, device=client.device, address=client.address)
    if client.place is not None:
        places.note_place(user.id, **client.place)
    proof = None
    if proofs.means_of(has_password=user.has_password, phone=user.phone) == means:
        proof = proofs.issue(user.id, tokens.digest_of(token), user.token_generation).proof
    return Login(token, settings.token_lifetime, user.id, proof, entrance.registered, entrance.restored)
