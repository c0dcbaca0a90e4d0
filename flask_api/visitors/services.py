"""Who looked at me."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select

from flask_api.core import personal_data
from flask_api.core.callers import Caller
from flask_api.core.errors import Forbidden
from flask_api.core.pagination import DEFAULT_LIMIT, Page
from flask_api.core.transaction import rows, transactional
from flask_api.people.cards import Card, card_of
from flask_api.people.links import Links
from flask_api.people.models import UserSeen
from flask_api.people.sight import VIEWER, seen_by
from flask_api.people.unread import mark_seen
from flask_api.users.models import UserInfo
from flask_api.users.services import lock_user
from flask_api.vip.entitlements import has
from flask_api.visitors.models import Visitor

VISITORS = "visitors"  # names the list in its cursors, and the entitlement


class NotEntitled(Forbidden):
    status = "NOT_ENTITLED"
    message = "This is for members."


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit as its host sees it; without the entitlement ``person`` is None."""

    person: Card | None
    day: date


@dataclass(frozen=True, slots=True)
class VisitCount:
    count: int
    is_entitled: bool


@dataclass(frozen=True, slots=True)
class Invisibility:
    is_invisible: bool
    is_entitled: bool


VISITS = Links(VISITORS, Visitor.id, Visitor.host_id, Visitor.visitor_id, Visitor.day)


def list_visits(host_id: int, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page:
    """Return who looked at somebody, newest first; without the entitlement only on which days somebody did."""
    is_entitled = has(host_id, VISITORS)

    def show(row: Any) -> Visit:
        return Visit(card_of(row) if is_entitled else None, row.day)

    return VISITS.page(host_id, show, limit=limit, cursor=cursor)


def count_visits(host_id: int) -> VisitCount:
    """Return how many visits the list has; 999 means so many or more."""
    return VisitCount(VISITS.count(host_id), has(host_id, VISITORS))


def mark_visits_read(host_id: int) -> None:
    """Let all visits that there are count as read."""
    mark_seen(host_id, VISITS, UserSeen.visitor_id)


def get_invisibility(caller: Caller) -> Invisibility:
    """Return whether somebody wants to leave no trace, and whether he may."""
    return Invisibility(caller.is_invisible, has(caller.id, "invisible"))  # type: ignore[attr-defined]


@transactional
def set_invisibility(user_id: int, *, is_invisible: bool) -> Invisibility:
    """Look at people without a trace from now on, or leave one again.

    Raises:
        NotEntitled: one may not look without a trace.
    """
    is_entitled = has(user_id, "invisible")
    if is_invisible and not is_entitled:
        raise NotEntitled
    lock_user(user_id).info.is_invisible = is_invisible
    return Invisibility(is_invisible, is_entitled)


# Of people whom I may not know of now, nothing.
MINE = select(Visitor.host_id, Visitor.day, Visitor.visited_at).where(Visitor.visitor_id == VIEWER, seen_by(VIEWER))
MINE = MINE.join(UserInfo, UserInfo.user_id == Visitor.host_id)
# As many as there are days, however many visits.
TO_ME = select(Visitor.day, func.count().label("visits")).where(Visitor.host_id == VIEWER, seen_by(VIEWER))
TO_ME = TO_ME.join(UserInfo, UserInfo.user_id == Visitor.visitor_id).group_by(Visitor.day).order_by(Visitor.day)


def _export(user_id: int) -> dict[str, Any]:
    made = [dict(row._mapping) for row in rows(MINE.order_by(Visitor.id), viewer_id=user_id)]
    return {"made": made, "received": [dict(row._mapping) for row in rows(TO_ME, viewer_id=user_id)]}


personal_data.register("visits", export=_export, many=(Visitor.host_id, Visitor.visitor_id))
