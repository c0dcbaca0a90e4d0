"""Who is near: the list."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select

from flask_api.core.database import now
from flask_api.core.pagination import DEFAULT_LIMIT, Page
from flask_api.core.transaction import rows
from flask_api.nearby import feeding
from flask_api.nearby.models import FADES, Location
from flask_api.nearby.places import CIRCLES, band, require_place
from flask_api.nearby.sphere import Point, distance
from flask_api.people.cards import COLUMNS, Card, born_between, card_of, check_range
from flask_api.people.ranking import ranked_page
from flask_api.people.sight import VIEWER, seen_by
from flask_api.users.models import UserInfo

NEARBY = "nearby"  # names the list in its cursors
MOST = 20_000  # candidates: in the midst of a city few of those who are looked for may be among the first thousands

# The moment is a parameter, so that the statement is made once.
FOUND = (
    select(*COLUMNS, Location.latitude, Location.longitude)
    .join_from(Location, UserInfo, UserInfo.user_id == Location.user_id)
    .where(Location.user_id.in_(bindparam("ids", expanding=True)), Location.user_id != VIEWER)
    .where(~Location.is_hidden, Location.latitude.is_not(None), Location.placed_at > bindparam("since"))
    .where(seen_by(VIEWER))
)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Somebody, and in which band of distances they are."""

    person: Card
    distance: str
    apart: float  # km; for nobody's eyes


def list_nearby(
    viewer_id: int,
    *,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
    gender: str | None = None,
    age_min: int | None = None,
    age_max: int | None = None,
) -> Page:
    """Return who is near, the nearest first; nobody further than the last circle.

    Raises:
        InvalidField: the ages are the wrong way round.
        PlaceMissing: nobody knows where the viewer is.
        BeingMade: Redis was emptied, and is being told all places.
        BadCursor: see there.
    """
    check_range("age", age_min, age_max)
    place = require_place(viewer_id)
    wanted = FOUND.where(*born_between(age_min, age_max))
    wanted = wanted if gender is None else wanted.where(UserInfo.gender == gender)

    def shown(ids: Sequence[int]) -> Iterator[tuple[int, Neighbour]]:
        found = rows(wanted, viewer_id=viewer_id, ids=list(ids), since=now() - FADES) if ids else []
        by_id = {row.user_id: row for row in found}
        near = ((at, _neighbour(place, by_id[user_id])) for at, user_id in enumerate(ids) if user_id in by_id)
        return ((at, neighbour) for at, neighbour in near if neighbour.apart <= CIRCLES[-1])

    def near(offset: int, count: int) -> list[int]:
        return feeding.nearest(place, offset, count)

    page = ranked_page(NEARBY, limit=limit, cursor=cursor, candidates=near, shown=shown, most=MOST)
    # Redis has them in order as far as pages go; within a page a few hundred metres are left to put right.
    return Page(sorted(page.items, key=lambda neighbour: neighbour.apart), page.next_cursor)


def _neighbour(place: Point, row: Any) -> Neighbour:
    theirs = Point(row.latitude, row.longitude)
    return Neighbour(card_of(row), band(place, theirs), distance(place, theirs))
