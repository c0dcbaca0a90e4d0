"""Feeding Redis from the table of places: one place after each change, all of them where Redis was emptied."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import bindparam, func, select, update

from flask_api.core.database import now
from flask_api.core.jobs import background, scheduled
from flask_api.core.remaking import LOOK_EVERY, BeingMade, Made
from flask_api.core.transaction import rows, transactional
from flask_api.extensions import db
from flask_api.nearby import circles
from flask_api.nearby.circles import CLOCKS_APART, Shown
from flask_api.nearby.models import FADES, Location
from flask_api.nearby.sphere import Point

BATCH = 500

THESE = select(Location.__table__).where(Location.user_id.in_(bindparam("ids", expanding=True)))
SOME = select(Location.__table__).where(Location.user_id > bindparam("last")).order_by(Location.user_id).limit(BATCH)
THERE = select(Location.user_id).where(Location.user_id.in_(bindparam("ids", expanding=True)))
ANY = select(Location.user_id).limit(1)
FADED = select(Location.user_id).where(Location.placed_at < bindparam("moment")).limit(BATCH)


@background
def feed(user_ids: list[int]) -> None:
    """Tell Redis what the table says of some people's places."""
    told = {row.user_id: _shown(row) for row in rows(THESE, ids=user_ids)}
    gone = now() + CLOCKS_APART
    if not circles.put([told.get(user_id) or Shown(user_id, None, gone) for user_id in user_ids]):
        PLACES.found_missing()


def rebuild(report: Callable[[int], object] = lambda _: None) -> None:
    """Tell Redis all places, and have it forget all others; ``report`` gets how many more were told, again and again.

    Raises:
        Lost: see there.
    """
    last = 0
    with PLACES.making() as keep:
        while batch := rows(SOME, last=last):
            circles.put([_shown(row) for row in batch])
            keep()
            last = batch[-1].user_id
            report(len(batch))
        for ids in circles.known():
            _take_out_erased(ids)
            keep()


def _take_out_erased(ids: list[int]) -> None:
    """Take out of Redis whom the table does not know: erased while nobody told it, or not in a restored database."""
    moment = now()
    there = {row.user_id for row in rows(THERE, ids=ids)} if ids else set()
    if erased := [Shown(user_id, None, moment) for user_id in ids if user_id not in there]:
        circles.put(erased)


def count_places() -> int:
    """Return how many there are to tell."""
    return int(rows(select(func.count()).select_from(Location))[0][0])


@scheduled(every=LOOK_EVERY)
@background(tries=1)
def remake() -> None:
    """Tell Redis all places, if it does not know them, or may have lost some."""
    PLACES.remake(rebuild)


PLACES = Made("geo", ask=remake, has_rows=lambda: bool(rows(ANY)))


def nearest(place: Point, offset: int, count: int) -> list[int]:
    """Return who is near: see :func:`circles.nearest`.

    Raises:
        BeingMade: Redis was emptied, and is being told all places.
    """
    found = circles.nearest(place, offset, count)
    if found is None and PLACES.found_missing():
        raise BeingMade
    return found or []


@scheduled(every=3600)
@background
def forget_old_places() -> None:
    """Forget where people were a month ago."""
    moment = now() - FADES
    while batch := rows(FADED, moment=moment):
        _forget([row.user_id for row in batch], moment)
    circles.forget_versions()


@transactional
def _forget(ids: list[int], moment: Any) -> None:
    old = update(Location).where(Location.user_id.in_(ids), Location.placed_at < moment)
    gone = old.values(latitude=None, longitude=None, placed_at=None, updated_at=now())
    db.session.execute(gone.execution_options(synchronize_session=False))
    feed(user_ids=ids)


def _shown(row: Any) -> Shown:
    counts = row.latitude is not None and not row.is_hidden and row.placed_at > now() - FADES
    return Shown(row.user_id, Point(row.latitude, row.longitude) if counts else None, row.updated_at)
