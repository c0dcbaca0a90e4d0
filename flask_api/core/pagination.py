"""Pages: opaque keyset cursors.

A cursor names the last row seen by the values the list is ordered by, so the cost of a page does not grow with how far
one has read (see :func:`newest_first`). It is sealed, since that row may be one that its reader must not know of, or
ordered by what nobody is told exactly. It carries the name of its list: one of another list, or one made up, is
refused.
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

import orjson
from sqlalchemy import ColumnElement, Select, Table
from sqlalchemy.orm import InstrumentedAttribute

from flask_api.core import fields
from flask_api.core.encryption import CannotDecrypt, seal, unseal
from flask_api.core.errors import InvalidField
from flask_api.core.response_shapes import ResponseShape

MAX_LIMIT = 100
DEFAULT_LIMIT = 20
MOST_PARTS = 5  # that a page is put together of, where some rows are hidden

Query = TypeVar("Query", bound=Select[*tuple[Any, ...]])
Column = InstrumentedAttribute[Any]


class BadCursor(InvalidField):
    status = "BAD_CURSOR"
    message = "cursor is not one that this list gave."


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list and the cursor of those that follow, if any do."""

    items: Sequence[Any]
    next_cursor: str | None


def page_fields() -> dict[str, Any]:
    """Return the query fields of a list: ``limit`` and ``cursor``."""
    return {
        "limit": fields.Integer(min=1, max=MAX_LIMIT, default=DEFAULT_LIMIT, description="How many at most"),
        "cursor": fields.String(max_length=500, description="`next_cursor` of the page before"),
    }


def page_shape(item: ResponseShape) -> ResponseShape:
    """Return the shape of a page of ``item``."""
    return ResponseShape(
        f"{item.name}Page",
        {
            "items": fields.List(fields.Nested(item)),
            "next_cursor": fields.String(nullable=True, description="For the next page; null on the last one"),
        },
    )


def newest_first(
    query: Query,
    *order: Column,
    equal: Mapping[Column, object] | None = None,
    after: Sequence[Any] | None = None,
    end: datetime | None = None,
) -> Query:
    """Return the query of a list, newest first, that begins where a cursor says and reads no row before that place.

    MariaDB is held to indexes that have the rows in this order. Left to itself it reads all that have a filter's value,
    from the newest on, where those are most of the rows; of two such filters it reads all rows, and sorts them. Among
    the indexes of several filters it chooses, as it knows how many rows pass each.

    Args:
        order: the columns that order it: a moment and the id, or the id.
        equal: what columns are filtered by; None is no filter.
        after: the position of the last row seen, as a cursor has it.
        end: the first moment that is too late.
    """
    given = {column: value for column, value in (equal or {}).items() if value is not None}
    query = query.order_by(*(column.desc() for column in order))
    query = query.where(*(column == value for column, value in given.items()))
    table = order[0].property.columns[0].table
    if hint := _hint(table, tuple(column.key for column in order), frozenset(column.key for column in given)):
        query = query.with_hint(table, hint, "mysql")
    if after is not None and (end is None or after[0] < end):  # one bound: of two SQLite may seek to the wrong one
        return query.where(*_older(order, after))
    return query if end is None else query.where(order[0] < end)


def _older(order: Sequence[Column], position: Sequence[Any]) -> list[ColumnElement[bool]]:
    if len(order) == 1:
        return [order[0] < position[0]]
    (moment, row_id), (at, last_id) = order, position
    return [moment <= at, (moment < at) | ((moment == at) & (row_id < last_id))]  # the first lets SQLite's index seek


@cache
def _hint(table: Table, order: tuple[str, ...], equal: frozenset[str]) -> str | None:
    """Return the hint for the indexes that begin with most of the filtered columns and end with the order."""
    if any(table.columns[name].unique for name in equal):
        return None  # there is one row at most
    names = {index.name: index.columns.keys() for index in table.indexes}
    begins = {name: {*keys[: -len(order)]} for name, keys in names.items() if tuple(keys[-len(order) :]) == order}
    fitting = {name: begin for name, begin in begins.items() if begin <= equal}
    best = [name for name, begin in fitting.items() if not any(begin < other for other in fitting.values())]
    return f"FORCE INDEX ({', '.join(sorted(map(str, best)))})" if best else None


def make_page(list_name: str, rows: Sequence[Any], limit: int, position: Callable[[Any], list[Any]]) -> Page:
    """Return a page out of up to ``limit + 1`` rows (the one too many tells that there is more).

    Args:
        list_name: names the list in its cursors.
        position: the JSON-ready values by which the list is ordered, of one row.
    """
    if len(rows) <= limit:
        return Page(rows, None)
    shown = rows[:limit]
    return Page(shown, write_cursor(list_name, position(shown[-1])))


def filled_page(
    list_name: str,
    *,
    limit: int,
    after: list[Any] | None,
    read: Callable[[list[Any] | None, int], Sequence[Any]],
    shown: Callable[[Sequence[Any]], Iterable[Any]],
    position: Callable[[Any], list[Any]],
) -> Page:
    """Return a page of a list of which some rows are not for everybody; it looks at five times ``limit`` rows at most.

    So it may be shorter than ``limit`` though more follow, which ``next_cursor`` tells, and what it costs does not
    grow with how many rows are hidden.

    Args:
        after: the position of the last row seen, as a cursor has it.
        read: ``read(after, count)`` returns the rows that follow a position, ``count`` at most.
        shown: returns for each of some rows what to show of it; None: nothing. Or the rows, which is quickest.
        position: as for :func:`make_page`.
    """
    items: list[Any] = []
    for _ in range(MOST_PARTS):
        found = read(after, limit + 1)
        part = found[:limit]
        given = shown(part)
        if given is part and not items:
            return make_page(list_name, found, limit, position)
        kept = [(row, item) for row, item in zip(part, given, strict=True) if item is not None]
        kept = kept[: limit - len(items)]
        items += [item for _, item in kept]
        if len(items) == limit:
            last = kept[-1][0]
            return Page(items, None if last is found[-1] else write_cursor(list_name, position(last)))
        if len(found) <= limit:
            return Page(items, None)
        after = position(part[-1])
    assert after is not None
    return Page(items, write_cursor(list_name, after))


def write_cursor(list_name: str, position: list[Any]) -> str:
    """Return the opaque cursor of a position in a list."""
    return base64.urlsafe_b64encode(seal(orjson.dumps([list_name, *position]))).rstrip(b"=").decode()


def read_cursor(list_name: str, cursor: str, types: Sequence[type]) -> list[Any]:
    """Return the position that a cursor of this list names.

    Raises:
        BadCursor: it is of another list, or not ours.
    """
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        name, *position = orjson.loads(unseal(raw))
    except (UnicodeEncodeError, binascii.Error, CannotDecrypt, orjson.JSONDecodeError):
        raise BadCursor(field="cursor") from None
    if name != list_name or [type(value) for value in position] != list(types):
        raise BadCursor(field="cursor")
    return list(position)
