"""Where people are: what they tell, what is kept of it, and what others may know of how far away they are."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import cos, radians, sin
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy import ColumnElement, Double, and_, bindparam, case, select
from sqlalchemy.exc import OperationalError

from flask_api.core import personal_data, rate_limits
from flask_api.core.database import now
from flask_api.core.errors import Conflict, LimitReached
from flask_api.core.rate_limits import Limit
from flask_api.core.transaction import lock, rows, transactional
from flask_api.extensions import db, settings
from flask_api.nearby.feeding import feed
from flask_api.nearby.fuzz import displaced
from flask_api.nearby.models import FADES, Location
from flask_api.nearby.sphere import KM_OF_A_DEGREE, Point, distance, normal
from flask_api.users.services import lock_user

log = logging.getLogger(__name__)

CIRCLES = (2, 5, 10, 20, 50, 100)  # km
WORDS = ("within_2_km", "2_5_km", "5_10_km", "10_20_km", "20_50_km", "50_100_km")
BANDS = (*WORDS, "over_100_km")
POLAR = 84.0  # degrees of latitude, beyond which a circle may reach around the pole
EXPORTED = 0.05  # degrees: as nearly as one's own place is exported
MOVES = Limit("moves", "a user", lambda values: values.limit_moves_per_user)


class PlaceMissing(Conflict):
    status = "PLACE_MISSING"
    message = "Nobody knows where you are: send your place first."


@dataclass(frozen=True, slots=True)
class MyPlace:
    """What somebody may know of their own place; not where others are told that they are."""

    placed_at: datetime | None
    is_hidden: bool


MINE = select(Location.__table__).where(Location.user_id == bindparam("user_id"))
TWO = select(Location.__table__).where(Location.user_id.in_([bindparam("one"), bindparam("other")]))


def set_place(user_id: int, *, latitude: float, longitude: float) -> MyPlace:
    """Note where somebody is, about; degrees.

    Raises:
        LimitReached: they move too often.
    """
    _count_move(user_id)
    return _store(user_id, Point(latitude, normal(longitude)))


def note_place(user_id: int, *, latitude: float, longitude: float) -> None:
    """Note where somebody is who says so while doing something else, which does not fail when this does."""
    try:
        set_place(user_id, latitude=latitude, longitude=longitude)
    except LimitReached:
        return
    except (RedisError, OperationalError) as error:  # by its kind: its text has the coordinates
        log.warning("The place of user %d was not noted: %s", user_id, type(error).__name__)


def _count_move(user_id: int) -> None:
    budget = rate_limits.budget_of((MOVES,), settings)
    if budget is not None and (wait := rate_limits.take(budget, str(user_id))):
        raise LimitReached(retry_after=wait)


@transactional
def _store(user_id: int, place: Point) -> MyPlace:
    location = _changed(user_id)
    known = _point(location)
    said = displaced(user_id, place, known)
    if said != known or not _is_fresh(location):
        location.latitude, location.longitude = said
        feed(user_ids=[user_id])
    location.placed_at = now()
    return MyPlace(location.placed_at, location.is_hidden)


def hide(user_id: int, *, is_hidden: bool) -> MyPlace:
    """Have somebody's place count for nobody else, or again, which is a move like others; to hide is always possible.

    Raises:
        LimitReached: they move too often.
    """
    before = get_place(user_id)
    if before.is_hidden == is_hidden:
        return before
    if not is_hidden:
        _count_move(user_id)
    return _hide(user_id, is_hidden)


@transactional
def _hide(user_id: int, is_hidden: bool) -> MyPlace:
    location = _changed(user_id)
    if location.is_hidden != is_hidden:
        location.is_hidden = is_hidden
        feed(user_ids=[user_id])
    return MyPlace(location.placed_at, location.is_hidden)


@transactional
def delete_place(user_id: int) -> None:
    """Forget where somebody is. Whether they hide stays."""
    lock_user(user_id)
    if not any(row.placed_at or row.latitude for row in rows(MINE, user_id=user_id)):
        return
    location = _changed(user_id)
    location.latitude = location.longitude = location.placed_at = None
    feed(user_ids=[user_id])


def get_place(user_id: int) -> MyPlace:
    """Return what is known of somebody's own place."""
    found = rows(MINE, user_id=user_id)
    return MyPlace(found[0].placed_at, found[0].is_hidden) if found else MyPlace(None, False)


def place_of(user_id: int) -> Point | None:
    """Return about where somebody is, to look around from there; None: nobody knows, or not lately."""
    found = rows(MINE, user_id=user_id)
    return _point(found[0]) if found and _is_fresh(found[0]) else None


def require_place(user_id: int) -> Point:
    """Return about where somebody is.

    Raises:
        PlaceMissing: nobody knows, or not lately.
    """
    place = place_of(user_id)
    if place is None:
        raise PlaceMissing
    return place


def band_between(viewer_id: int, user_id: int) -> str | None:
    """Return one of ``BANDS``: how far away somebody is; None: one of the two has no place, or the other hides it."""
    if viewer_id == user_id:
        return None
    found = {row.user_id: row for row in rows(TWO, one=viewer_id, other=user_id) if _is_fresh(row)}
    if len(found) < 2 or found[user_id].is_hidden:
        return None
    viewer, other = found[viewer_id], found[user_id]
    return band(Point(viewer.latitude, viewer.longitude), Point(other.latitude, other.longitude))


def band(one: Point, other: Point) -> str:
    """Return one of ``BANDS``: how far two places are apart."""
    apart = distance(one, other)
    return next((word for circle, word in zip(CIRCLES, WORDS, strict=True) if apart <= circle), BANDS[-1])


def _within() -> ColumnElement[bool]:
    latitude: ColumnElement[float] = bindparam("near_latitude")
    longitude: ColumnElement[float] = bindparam("near_longitude")
    reach: ColumnElement[float] = bindparam("near_reach")
    east: ColumnElement[Any] = Location.longitude - longitude
    east = case((east > 180, east - 360), (east < -180, east + 360), else_=east)
    north = Location.latitude - latitude
    narrow = bindparam("near_cosine", type_=Double) - bindparam("near_sine", type_=Double) * north
    return and_(
        ~Location.is_hidden,
        Location.latitude.between(latitude - reach, latitude + reach),
        Location.placed_at > bindparam("near_since"),
        north * north + east * east * narrow * narrow <= reach * reach,
    )


# The condition that a row of ``Location`` counts for others, and is within the circle that is told as parameters. It
# takes no more than the four kinds of arithmetic, which all databases have; up to 200 km it errs by a hundredth.
WITHIN = _within()


def circle(place: Point, km: float) -> dict[str, Any]:
    """Return the parameters of ``WITHIN``: a circle around a place."""
    angle, is_polar = radians(place.latitude), abs(place.latitude) > POLAR  # all longitudes are near each other there
    return {
        "near_latitude": place.latitude,
        "near_longitude": place.longitude,
        "near_reach": km / KM_OF_A_DEGREE,
        "near_cosine": 0.0 if is_polar else cos(angle),  # of the latitude half-way: so much at the place itself,
        "near_sine": 0.0 if is_polar else radians(1) * sin(angle) / 2,  # and less by this for each degree
        "near_since": now() - FADES,
    }


def _changed(user_id: int) -> Location:
    """Return somebody's row, locked; whatever happens to it is newer than all before."""
    lock_user(user_id)  # of two that come at once, one makes the row
    location = lock(Location, user_id)
    if location is None:
        location = Location(user_id=user_id, is_hidden=False, updated_at=now())
        db.session.add(location)
    else:
        location.updated_at = max(now(), location.updated_at + timedelta(microseconds=1))
    return location


def _is_fresh(row: Any) -> bool:
    return row.placed_at is not None and row.placed_at > now() - FADES


def _point(row: Any) -> Point | None:
    return None if row.latitude is None else Point(row.latitude, row.longitude)


def _export(user_id: int) -> dict[str, Any] | None:
    """Return what is kept, the place no nearer than others learn it: to the metre it would help to find a true one."""
    found = rows(MINE, user_id=user_id)
    if not found:
        return None
    place = _point(found[0])
    about = None if place is None else {name: _rounded(degrees) for name, degrees in place._asdict().items()}
    return {"place": about, "placed_at": found[0].placed_at, "is_hidden": found[0].is_hidden}


def _rounded(degrees: float) -> float:
    return round(round(degrees / EXPORTED) * EXPORTED, 2)


def _erase(user_id: int) -> None:
    feed(user_ids=[user_id])


personal_data.register("place", export=_export, erase=_erase)
