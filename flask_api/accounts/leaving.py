"""Taking one's data along, and leaving: a grace period first, then everything goes."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select

from flask_api.audit import services as audit
from flask_api.core import personal_data, tokens
from flask_api.core.database import now
from flask_api.core.jobs import background, scheduled
from flask_api.core.transaction import lock, rows, transactional
from flask_api.extensions import db, settings
from flask_api.users.models import UserAuth, UserInfo
from flask_api.users.services import lock_leaver

log = logging.getLogger(__name__)

BATCH = 100


@dataclass(frozen=True, slots=True)
class Deletion:
    delete_after: datetime


@dataclass(frozen=True, slots=True)
class Export:
    exported_at: datetime
    data: dict[str, Any]


ACCOUNT = select(
    UserAuth.id,
    UserAuth.phone,
    UserAuth.email,
    UserAuth.role,
    UserAuth.status,
    UserAuth.created_at,
    UserAuth.last_login_at,
).where(UserAuth.id == bindparam("user_id"))
PROFILE = select(UserInfo.__table__).where(UserInfo.user_id == bindparam("user_id"))

personal_data.register("account", export=lambda user_id: dict(rows(ACCOUNT, user_id=user_id)[0]._mapping))
personal_data.register("sessions", export=lambda user_id: [token.described() for token in tokens.list_tokens(user_id)])
personal_data.register("profile", export=lambda user_id: dict(rows(PROFILE, user_id=user_id)[0]._mapping))


def export_account(user_id: int) -> Export:
    """Return everything that is kept of a user."""
    return Export(now(), personal_data.export_all(user_id))


@transactional
def request_deletion(user_id: int) -> Deletion:
    """Log out everywhere, hide the profile, and have it erased after the grace period.

    Raises:
        LastAdmin: the only admin cannot leave.
    """
    user = lock_leaver(user_id)
    user.status = "leaving"
    user.delete_after = now() + timedelta(days=settings.deletion_grace_days)
    user.end_all_logins()
    audit.record("deletion_requested", user_id=user_id)
    return Deletion(user.delete_after)


def erase_account(user: UserAuth) -> None:
    """Erase an account and all that is kept of it, in the open transaction."""
    personal_data.erase_all(user.id)
    tokens.end(tokens.list_tokens(user.id))
    audit.record("account_erased", user_id=user.id)
    db.session.delete(user)
    db.session.flush()


def erase_expired() -> int:
    """Erase the accounts whose grace period is over; return how many. Several processes may do so at once."""
    erased = after = 0
    while batch := _expired_ids(after):
        for user_id in batch:
            after = user_id
            try:
                personal_data.erase_many(user_id)  # nobody comes back now: whoever logs in is a new user
                erased += _erase_if_expired(user_id)
            except Exception:  # one that cannot be erased must not keep the others
                log.exception("user %d could not be erased; the next turn tries again", user_id)
    return erased


def _expired_ids(after: int) -> list[int]:
    query = select(UserAuth.id).where(UserAuth.delete_after <= bindparam("present"), UserAuth.id > bindparam("after"))
    return [row.id for row in rows(query.order_by(UserAuth.id).limit(BATCH), present=now(), after=after)]


@transactional
def _erase_if_expired(user_id: int) -> int:
    user = lock(UserAuth, user_id)
    if user is None or user.delete_after is None or user.delete_after > now():
        return 0
    erase_account(user)
    return 1


@scheduled(every=3600)
@background
def erase_expired_accounts() -> None:
    """Erase the accounts whose grace period is over."""
    erase_expired()
