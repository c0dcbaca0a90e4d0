"""Visits: noting that somebody looked at somebody, and letting go of what is old."""

from datetime import timedelta

from sqlalchemy import bindparam, delete, select
from sqlalchemy.exc import IntegrityError

from flask_api.core.callers import Caller
from flask_api.core.database import now
from flask_api.core.jobs import background, scheduled
from flask_api.core.transaction import rows, transactional
from flask_api.extensions import db, settings
from flask_api.hot import scores
from flask_api.vip.entitlements import has
from flask_api.visitors.models import Visitor

SWEEP_EVERY = 3600  # seconds
BATCH = 1000

KNOWN = select(Visitor.id).where(
    Visitor.host_id == bindparam("host_id"),
    Visitor.visitor_id == bindparam("visitor_id"),
    Visitor.day == bindparam("day", type_=Visitor.day.type),
)


def record_visit(caller: Caller, host_id: int) -> None:
    """Note that the caller has looked at somebody, once a day (UTC); not at himself, and not when he is invisible."""
    if host_id == caller.id or is_invisible(caller):
        return
    visit = {"host_id": host_id, "visitor_id": caller.id, "day": now().date()}
    if rows(KNOWN, **visit):
        return
    try:
        _add(Visitor(**visit))
    except IntegrityError:  # another request of his was first, or one of the two has just been deleted
        return


def is_invisible(caller: Caller) -> bool:
    """Whether somebody wants to leave no trace, and may."""
    return caller.is_invisible and has(caller.id, "invisible")  # type: ignore[attr-defined]


@transactional
def _add(visit: Visitor) -> None:
    db.session.add(visit)
    db.session.flush()
    scores.note(visit.host_id, scores.VISIT)


@scheduled(every=SWEEP_EVERY)
@background
def sweep() -> None:
    """Delete visits that are too old to be kept, a batch at a time."""
    if _delete_old() == BATCH:
        sweep()


@transactional
def _delete_old() -> int:
    oldest = now() - timedelta(days=settings.visit_retention_days)
    query = select(Visitor.id).where(Visitor.visited_at < oldest).order_by(Visitor.visited_at).limit(BATCH)
    ids = db.session.scalars(query).all()
    if ids:
        db.session.execute(delete(Visitor).where(Visitor.id.in_(ids)))
    return len(ids)
