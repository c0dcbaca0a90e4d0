"""Writing and reading the audit. Nothing is ever changed or deleted here."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypedDict, Unpack

from sqlalchemy import bindparam, select

from flask_api.audit.models import Action, AuditEntry
from flask_api.core import personal_data
from flask_api.core.errors import Forbidden, Unauthorized
from flask_api.core.logs import masked
from flask_api.core.origin import current_origin
from flask_api.core.pagination import DEFAULT_LIMIT, Page, make_page, newest_first, read_cursor
from flask_api.core.transaction import rows, transactional
from flask_api.extensions import db

AUDIT = "audit"  # names the list in its cursors
TABLE = AuditEntry.__table__


class Details(TypedDict, total=False):
    """All that an entry may hold beside its columns: nothing secret, and of a person no more than a masked phone."""

    way: str  # of logging in: sms_code, password, google
    phone: str  # masked by record()
    phone_before: str  # masked as well
    email: str  # masked as well
    reason: str  # the status of a refusal
    registered: bool
    restored: bool
    role: str
    role_before: str
    name: str  # of an app key; the others as its columns
    allows_version_1: bool
    requests_per_minute: int | None
    overlap_hours: int
    report_id: int
    outcome: str
    entitlement: str
    until: str  # ISO 8601
    photo_id: int
    state: str  # that it was given


@transactional
def record(
    action: Action,
    *,
    user_id: int | None = None,
    app_key_id: int | None = None,
    actor_id: int | None = None,
    **details: Unpack[Details],
) -> None:
    """Add an entry in the open transaction, so that it is there if, and only if, what it tells of is.

    Without an open transaction it has one of its own. Address, request and caller are those of the present request.

    Args:
        user_id: the account it happened to, if it is known; or else
        app_key_id: the app key.
        actor_id: who did it, where that is not the caller: somebody who logs in is not yet.
    """
    if unknown := details.keys() - Details.__annotations__.keys():
        raise TypeError(f"no details of an entry: {', '.join(sorted(unknown))}")
    origin = current_origin()
    entry = AuditEntry(
        action=action,
        actor_id=origin.user_id if actor_id is None else actor_id,
        subject_kind="user" if app_key_id is None else "app_key",
        subject_id=user_id if app_key_id is None else app_key_id,
        address=origin.address,
        request_id=origin.request_id,
        details=masked(details),
    )
    db.session.add(entry)


@contextmanager
def refusals_recorded(action: Action, *, user_id: int | None = None, **details: Unpack[Details]) -> Iterator[None]:
    """Add an entry with the reason when what is done inside is refused (401, 403), once its own transaction is over.

    It does the same whoever is concerned: the time it takes must not tell which phones are registered.
    """
    try:
        yield
    except (Unauthorized, Forbidden) as refusal:
        details["reason"] = refusal.status
        record(action, user_id=user_id, **details)
        raise


def list_entries(
    *,
    action: str | None = None,
    actor_id: int | None = None,
    user_id: int | None = None,
    app_key_id: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page:
    """Return entries, newest first.

    Args:
        actor_id: who did it.
        user_id: the account, and
        app_key_id: the app key that it happened to; no entry is about both.
        since: the first moment.
        until: the first moment after.
    """
    equal: dict[Any, object] = {AuditEntry.action: action, AuditEntry.actor_id: actor_id}
    for kind, subject_id in (("user", user_id), ("app_key", app_key_id)):
        if subject_id is not None:
            equal |= {AuditEntry.subject_kind: kind, AuditEntry.subject_id: subject_id}
    query = select(TABLE) if since is None else select(TABLE).where(AuditEntry.at >= since)
    after = None
    if cursor is not None:
        text, entry_id = read_cursor(AUDIT, cursor, [str, int])
        after = [datetime.fromisoformat(text), entry_id]
    if user_id is not None and app_key_id is not None:
        return Page([], None)
    query = newest_first(query, AuditEntry.at, AuditEntry.id, equal=equal, after=after, end=until).limit(limit + 1)
    return make_page(AUDIT, rows(query), limit, lambda entry: [entry.at.isoformat(), entry.id])


# What I did with my own account. Of what others did to it only admins read: an entry has the other's address.
MINE = (
    select(AuditEntry.at, AuditEntry.action, AuditEntry.address, AuditEntry.details)
    .where(AuditEntry.actor_id == bindparam("user_id"), AuditEntry.subject_id == bindparam("user_id"))
    .where(AuditEntry.subject_kind == "user")
    .order_by(AuditEntry.at, AuditEntry.id)
)
personal_data.register("audit", export=lambda user_id: [dict(row._mapping) for row in rows(MINE, user_id=user_id)])
