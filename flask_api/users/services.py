"""Profiles: reading, changing, and the record that is kept beside a login token."""

from datetime import date
from typing import Any

from sqlalchemy import bindparam, select

from flask_api.core import callers
from flask_api.core.auth import ACTIVE
from flask_api.core.database import now
from flask_api.core.errors import Conflict, InvalidField, NotFound
from flask_api.core.transaction import lock, rows, transactional
from flask_api.extensions import db
from flask_api.users.models import UserAuth, UserInfo

ADULT = 18
OLDEST = 120


class UserNotFound(NotFound):
    status = "USER_NOT_FOUND"
    message = "There is no such user."


class PhoneTaken(Conflict):
    status = "PHONE_TAKEN"
    message = "This phone already has an account."


class LastAdmin(Conflict):
    status = "LAST_ADMIN"
    message = "This is the last admin; make another one first."


NOT_KEPT = ("user_id", "updated_at", "is_active", "active_at")  # beside the token

CALLER = select(
    UserAuth.id,
    UserAuth.role,
    UserAuth.status,
    UserAuth.token_generation,
    UserAuth.phone,
    UserAuth.email,
    UserAuth.password_hash.is_not(None).label("has_password"),
    UserAuth.created_at,
    *(column for column in UserInfo.__table__.columns if column.name not in NOT_KEPT),
).join_from(UserAuth, UserInfo)
CALLER = CALLER.where(UserAuth.id == bindparam("user_id"))


@callers.loader(CALLER.selected_columns.keys())
def load_caller(user_id: int) -> callers.Record | None:
    """Return what is kept of a user beside the token, or None if there is no such user."""
    found = rows(CALLER, user_id=user_id)
    if not found:
        return None
    record = dict(found[0]._mapping)
    record["has_password"] = bool(record["has_password"])
    return record


@transactional
def change_profile(user_id: int, **changes: Any) -> callers.Caller:
    """Change one's own profile and return it whole.

    Raises:
        InvalidField: an impossible birthday, or one under 18.
    """
    if changes.get("birthday") is not None:
        check_birthday(changes["birthday"])
    info = lock_user(user_id).info
    for name, value in changes.items():
        setattr(info, name, value)
    db.session.flush()
    record = load_caller(user_id)
    assert record is not None
    return callers.Caller(record)


def add_user(phone: str | None, nickname: str | None = None, **columns: Any) -> UserAuth:
    """Add an account with an empty profile to the open transaction and return it."""
    user = UserAuth(phone=phone, **columns)
    user.info = UserInfo(nickname=nickname or "Newcomer")
    db.session.add(user)
    db.session.flush()
    if nickname is None:
        user.info.nickname = f"Newcomer {user.id}"
    return user


def find_user_by_email(email: str, *, lock: bool = False) -> UserAuth | None:
    """Return the account that has an e-mail address (lower case)."""
    query = select(UserAuth).where(UserAuth.email == email)
    return db.session.scalar(query.with_for_update(of=UserAuth) if lock else query)


def check_birthday(birthday: date) -> None:
    """Refuse a birthday that nobody has, or of somebody under 18."""
    today = now().date()
    age = today.year - birthday.year - ((today.month, today.day) < (birthday.month, birthday.day))
    if ADULT <= age <= OLDEST:
        return
    message = "must be of somebody who is 18 or over" if age < ADULT else "lies too far back"
    raise InvalidField(f"birthday {message}", field="birthday", errors=[{"field": "birthday", "message": message}])


def lock_user(user_id: int) -> UserAuth:
    """Return an account as it is now, locked until the open transaction ends.

    Raises:
        UserNotFound: there is no such user.
    """
    user = lock(UserAuth, user_id)
    if user is None:
        raise UserNotFound
    return user


def lock_leaver(user_id: int) -> UserAuth:
    """Return an account, locked, that is about to be an active admin no longer, if it was one.

    Locks all admins first, in one order, so that no two of them can dismiss each other or wait for each other.

    Raises:
        UserNotFound: there is no such user.
        LastAdmin: nobody would be left in charge.
    """
    admins = select(UserAuth.id).where(UserAuth.role == "admin", UserAuth.status == ACTIVE)
    in_charge = db.session.scalars(admins.order_by(UserAuth.id).with_for_update()).all()
    user = lock_user(user_id)
    if in_charge == [user.id]:
        raise LastAdmin
    return user
