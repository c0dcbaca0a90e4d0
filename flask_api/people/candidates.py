"""Pages over people of whom few may be shown: a bounded number of candidates is looked at, in an index's order.

What a page costs must not grow with how many people there are, nor with how rare those are whom somebody looks for. So
it looks at windows of candidates, each larger than the one before, and ends after the last of them, with as many people
as it has found and a cursor of where it goes on.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, bindparam, select

from flask_api.core.pagination import Page, write_cursor
from flask_api.core.transaction import rows
from flask_api.people.cards import COLUMNS, card_of
from flask_api.people.sight import VIEWER, seen_by
from flask_api.users.models import UserInfo

WINDOWS = (200, 800, 4000)  # candidates

Query = Select[*tuple[Any, ...]]
Position = Sequence[Any]


def shown_of(window: Query, order: Sequence[str], conditions: Callable[[Any], Sequence[ColumnElement[bool]]]) -> Query:
    """Return the query of those in a window whom the viewer may know of and has not excluded, with cards' columns.

    Args:
        window: candidates in order, without a limit; its columns are of ``UserInfo``, ``user_id``, ``is_active`` and
            ``visibility`` among them.
        order: the columns that order it, falling.
        conditions: of the window's columns, more of them.
    """
    candidate = window.limit(bindparam("count")).subquery("candidate").c
    found = select(*(candidate[name] for name in order))
    found = found.where(*conditions(candidate), candidate.user_id != VIEWER, seen_by(VIEWER, candidate))
    falling = [candidate[name].desc() for name in order]
    few = found.order_by(*falling).limit(bindparam("limit")).subquery("few")
    # An outer join holds MariaDB to the few first.
    query = select(*COLUMNS).select_from(few).outerjoin(UserInfo, UserInfo.user_id == few.c.user_id)
    return query.order_by(*(few.c[name].desc() for name in order))


def last_of(window: Query, order: Sequence[str]) -> Query:
    """Return the query of the position of a window's last candidate."""
    columns: Subquery = window.limit(1).offset(bindparam("offset")).subquery("candidate")
    return select(*(columns.c[name] for name in order))


def scanned_page(
    list_name: str,
    *,
    limit: int,
    after: Position | None,
    queries: Callable[[bool], tuple[Query, Query]],
    position: Callable[[Any], list[Any]],
    parameters: Callable[[Position | None], dict[str, Any]],
) -> Page:
    """Return a page of cards, nobody twice; it may be shorter than ``limit`` though more follow: ``next_cursor`` tells.

    Args:
        after: where the list goes on, as its cursor says.
        queries: ``queries(is_after)`` returns ``shown_of`` and ``last_of`` of the window at a position or the start.
        position: the JSON-ready values of the order's columns, of a row.
        parameters: ``parameters(after)`` returns what the queries are bound to.
    """
    found: dict[int, Any] = {}
    for count in WINDOWS:
        window, ends = _window(queries(after is not None), parameters(after), count, limit + 1, is_first=after is None)
        for row in window:
            found.setdefault(row.user_id, row)
        items = [card_of(row) for row in found.values()][:limit]
        if len(found) > limit:
            return Page(items, write_cursor(list_name, position([*found.values()][limit - 1])))
        if not ends:
            return Page(items, None)
        after = tuple(ends[0])
    return Page(items, write_cursor(list_name, position(ends[0])))


def _window(
    queries: tuple[Query, Query], told: dict[str, Any], count: int, limit: int, *, is_first: bool
) -> tuple[Sequence[Any], Sequence[Any]]:
    """Return who is to be shown of a window, and its last candidate, if the list does not end before.

    People move up between the two questions. So that nobody is missed the end is never further than what was looked
    at: below a position a window grows longer as people leave it, from the top on shorter as people come.
    """
    shown, last = queries
    if is_first:
        found = rows(shown, **told, count=count, limit=limit)
        return found, rows(last, **told, offset=count - 1) if len(found) < limit else ()
    ends = rows(last, **told, offset=count - 1)
    return rows(shown, **told, count=count, limit=limit), ends
