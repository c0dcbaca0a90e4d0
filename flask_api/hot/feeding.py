"""Making the hot list anew, of the rows of what has happened to people, when Redis was emptied or somebody says so."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, Select, bindparam, column, select, table

from flask_api.core.database import Moment, now
from flask_api.core.jobs import background, scheduled
from flask_api.core.remaking import LOOK_EVERY, Made
from flask_api.core.transaction import rows
from flask_api.extensions import redis_trips
from flask_api.hot import scores
from flask_api.hot.scores import LIKE, VISIT, added, exponent
from flask_api.people.models import UserLike

LOOKED_BACK = timedelta(days=14)  # what is older weighs less than a hundredth
BATCH = 5000
TOLD_AT_ONCE = 500

Query = Select[*tuple[Any, ...]]

# Visits are a feature above this one: only its table is known here.
visitor = table("visitor", column("id", BigInteger), column("host_id", BigInteger), column("visited_at", Moment))


def _newest(row_id: Any, whom: Any, moment: Any) -> Query:
    newest = select(row_id.label("id"), whom.label("user_id"), moment.label("at")).where(row_id < bindparam("before"))
    return newest.order_by(row_id.desc()).limit(BATCH)


EVENTS = (
    (VISIT, _newest(visitor.c.id, visitor.c.host_id, visitor.c.visited_at)),
    (LIKE, _newest(UserLike.id, UserLike.liked_id, UserLike.created_at)),
)
FIRST = 2**63 - 1  # no row has this id


def rebuild(report: Callable[[int], object] = lambda _: None) -> None:
    """Make the list anew; ``report`` gets how many more rows were read, again and again.

    What happens meanwhile is counted in both lists.

    Raises:
        Lost: see there.
    """
    with HOT.making(replaced="scores") as keep:
        redis_trips.ask(("UNLINK", scores.SCORES_NEW))
        ends = [_end(query) for _, query in EVENTS]  # what comes later is noted
        found: dict[int, float] = {}
        for (weight, query), before in zip(EVENTS, ends, strict=True):
            for batch in _batches(query, before):
                for row in batch:
                    score = exponent(weight, row.at.timestamp())
                    found[row.user_id] = added(found[row.user_id], score) if row.user_id in found else score
                keep()
                report(len(batch))
        hottest = sorted(found.items(), key=lambda item: item[1], reverse=True)[: scores.KEPT]
        for first in range(0, len(hottest), TOLD_AT_ONCE):
            scores.add_to_new(hottest[first : first + TOLD_AT_ONCE])
            keep()


def _end(query: Query) -> int:
    """Return the id from which on there are no rows yet."""
    newest = rows(query.limit(1), before=FIRST)
    return newest[0].id + 1 if newest else 0


def _batches(query: Query, before: int) -> Iterator[Sequence[Any]]:
    """Yield the rows of the time that is looked back, the newest first: ids grow with the moments, but for seconds."""
    since = now() - LOOKED_BACK
    while batch := rows(query, before=before):
        yield [row for row in batch if row.at >= since]
        if batch[-1].at < since:
            return
        before = batch[-1].id


@scheduled(every=LOOK_EVERY)
@background(tries=1)
def remake() -> None:
    """Make the list, if it is not there, or may lack something."""
    HOT.remake(rebuild)


def _has_rows() -> bool:
    return any(rows(query.limit(1), before=FIRST) for _, query in EVENTS)


HOT = Made("hot", ask=remake, has_rows=_has_rows)


@scheduled(every=3600)
@background
def trim() -> None:
    """Forget those who are not among the hottest."""
    scores.trim()
