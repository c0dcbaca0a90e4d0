"""What admins do with users. Each change holds at once, on every host: see core/callers.py."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from flask_api.accounts.passwords import hash_password
from flask_api.audit import services as audit
from flask_api.core.pagination import DEFAULT_LIMIT, Page, make_page, newest_first, read_cursor
from flask_api.core.transaction import transactional
from flask_api.extensions import db
from flask_api.users.models import UserAuth
from flask_api.users.phones import normalise
from flask_api.users.services import PhoneTaken, UserNotFound, add_user, check_birthday, lock_leaver, lock_user

USERS = "users"  # names the list in its cursors


def list_users(
    *,
    phone: str | None = None,
    role: str | None = None,
    status: str | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page:
    """Return users, newest first."""
    phone = None if phone is None else normalise(phone)
    equal = {UserAuth.phone: phone, UserAuth.role: role, UserAuth.status: status}
    after = None if cursor is None else read_cursor(USERS, cursor, [int])
    query = newest_first(select(UserAuth), UserAuth.id, equal=equal, after=after).limit(limit + 1)
    users = db.session.scalars(query).all()
    return make_page(USERS, users, limit, lambda user: [user.id])


def get_user(user_id: int) -> UserAuth:
    """Return an account.

    Raises:
        UserNotFound: there is no such user.
    """
    user = db.session.get(UserAuth, user_id)
    if user is None:
        raise UserNotFound
    return user


def create_user(
    phone: str, *, nickname: str | None = None, role: str = "user", password: str | None = None
) -> UserAuth:
    """Create an account.

    Raises:
        PhoneTaken: the phone has one already.
    """
    phone, password_hash = normalise(phone), hash_password(password) if password else None
    try:
        return _add(phone, nickname, role, password_hash)
    except IntegrityError:
        raise PhoneTaken(field="phone") from None


@transactional
def _add(phone: str, nickname: str | None, role: str, password_hash: str | None) -> UserAuth:
    user = add_user(phone, nickname, role=role, password_hash=password_hash)
    audit.record("user_created", user_id=user.id, role=role)
    return user


@transactional
def change_user(user_id: int, role: str | None = None, **profile: Any) -> UserAuth:
    """Change a user's role or profile.

    Raises:
        UserNotFound, LastAdmin, InvalidField.
    """
    user = lock_leaver(user_id) if role == "user" else lock_user(user_id)
    if role is not None and role != user.role:
        audit.record("role_changed", user_id=user_id, role=role, role_before=user.role)
        user.role = role
    if profile.get("birthday") is not None:
        check_birthday(profile["birthday"])
    for name, value in profile.items():
        setattr(user.info, name, value)
    return user


@transactional
def ban_user(user_id: int) -> UserAuth:
    """Ban a user: every login ends, and none begins.

    Raises:
        UserNotFound, LastAdmin.
    """
    user = lock_leaver(user_id)
    if user.status != "banned":
        user.status = "banned"
        user.end_all_logins()
        audit.record("user_banned", user_id=user_id)
    return user


@transactional
def unban_user(user_id: int) -> UserAuth:
    """Let a banned user in again; one who was leaving goes on leaving.

    Raises:
        UserNotFound.
    """
    user = lock_user(user_id)
    if user.status == "banned":
        user.status = "leaving" if user.delete_after else "active"
        audit.record("user_unbanned", user_id=user_id)
    return user
