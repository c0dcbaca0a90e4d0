"""Searching for people: every filter, together with all others, at a bounded cost."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from operator import eq, ge, gt, le
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, or_, select

from flask_api.core.callers import Caller
from flask_api.core.database import from_microseconds, now, to_microseconds
from flask_api.core.pagination import DEFAULT_LIMIT, Page, newest_first, read_cursor
from flask_api.core.transaction import rows
from flask_api.labels.services import has_label
from flask_api.nearby.models import Location
from flask_api.nearby.places import WITHIN, circle, require_place
from flask_api.people.candidates import Query, last_of, scanned_page, shown_of
from flask_api.people.cards import age_on, check_range, years_before
from flask_api.users.models import UserAuth, UserInfo

ORDERS = {"active": ("active_at", "user_id"), "new": ("user_id",)}
ACTIVE_WITHIN = {"today": timedelta(days=1), "this_week": timedelta(days=7)}
NEW = timedelta(days=7)
MOST_LABELS = 3

COLUMNS = (
    *(UserInfo.user_id, UserInfo.active_at, UserInfo.is_active, UserInfo.visibility),
    *(UserInfo.gender, UserInfo.birthday, UserInfo.height_cm, UserInfo.education, UserInfo.salary),
    *(UserInfo.seeks_gender, UserInfo.seeks_age_min, UserInfo.seeks_age_max),
)
CANDIDATES = {  # the first index has all of these columns, so that not one row is read for it
    "active": select(*COLUMNS).with_hint(UserInfo, "FORCE INDEX (ix_user_info_active_at)", "mysql"),
    "new": select(*COLUMNS).with_hint(UserInfo, "FORCE INDEX (PRIMARY)", "mysql"),
}
# The first who came since some moment; ids count up as people come.
FIRST_NEW = select(UserAuth.id).where(UserAuth.created_at >= bindparam("since"))
FIRST_NEW = FIRST_NEW.order_by(UserAuth.created_at, UserAuth.id).limit(1)


def _told(name: str, column: Any = UserInfo.user_id) -> Any:
    """Return the parameter of a filter by a column; NULL where it is not filtered by."""
    return bindparam(name, type_=column.type)


def _optional(name: str, column: Any, condition: Callable[[Any, Any], Any]) -> Callable[[Any], ColumnElement[bool]]:
    told = _told(name, column)
    return lambda candidate: or_(told.is_(None), condition(candidate[column.key], told))


def _one_of(name: str, column: Any) -> Callable[[Any], ColumnElement[bool]]:
    switch, among = _told(f"first_{name}", column), bindparam(name, expanding=True, type_=column.type)
    return lambda candidate: or_(switch.is_(None), candidate[column.key].in_(among))


def _is_mutual(candidate: Any) -> ColumnElement[bool]:
    """They look for somebody of the viewer's gender and age, or do not say; whose is unknown suits only these."""
    mine: ColumnElement[Any] = bindparam("my_age")
    wanted = and_(
        or_(candidate.seeks_gender.is_(None), candidate.seeks_gender == bindparam("my_gender")),
        or_(candidate.seeks_age_min.is_(None), candidate.seeks_age_min <= mine),
        or_(candidate.seeks_age_max.is_(None), candidate.seeks_age_max >= mine),
    )
    return or_(_told("is_mutual").is_(None), wanted)


def _is_near(candidate: Any) -> ColumnElement[bool]:
    # Of an EXISTS MariaDB might make a join, and begin it with all who have a place.
    place = select(Location.user_id).where(Location.user_id == candidate.user_id, WITHIN)
    is_found: ColumnElement[bool] = place.scalar_subquery() == candidate.user_id
    return is_found


# Those that compare a candidate's own columns are in every statement: each set of filters of its own would take
# milliseconds to be compiled, and push what others ask for often out of the few hundred statements that are kept.
ALWAYS: tuple[Callable[[Any], ColumnElement[bool]], ...] = (
    _optional("gender", UserInfo.gender, eq),
    _optional("born_until", UserInfo.birthday, le),
    _optional("born_after", UserInfo.birthday, gt),
    _optional("height_min", UserInfo.height_cm, ge),
    _optional("height_max", UserInfo.height_cm, le),
    _one_of("education", UserInfo.education),
    _one_of("salary", UserInfo.salary),
    _optional("active_since", UserInfo.active_at, ge),
    _optional("first_new", UserInfo.user_id, ge),
    _is_mutual,
)
# Those that look into other tables are in the statements of who asks for them.
FILTERS: dict[str, Callable[[Any], ColumnElement[bool]]] = {
    "is_near": _is_near,
    "label_1": lambda candidate: has_label(candidate.user_id, "label_1"),
    "label_2": lambda candidate: has_label(candidate.user_id, "label_2"),
    "label_3": lambda candidate: has_label(candidate.user_id, "label_3"),
}
# Bounds of an order end its list, so that nobody leafs on through those who cannot be meant.
BOUNDS: dict[str, tuple[str, Any]] = {
    "active": ("active_since", UserInfo.active_at),
    "new": ("first_new", UserInfo.user_id),
}


def search_people(
    viewer: Caller, *, order: str, limit: int = DEFAULT_LIMIT, cursor: str | None = None, **filters: Any
) -> Page:
    """Return people whom the viewer may know of, in order of their last activity or of their coming, latest first.

    A page may be short, or empty, though more follow: see :mod:`flask_api.people.candidates`.

    Args:
        filters: as the page of the API names them; None is no filter.

    Raises:
        InvalidField: a range is the wrong way round.
        PlaceMissing: nobody knows where the viewer is, from whom a distance is meant.
        BadCursor: the cursor is of another list, or of the other order.
    """
    list_name = f"search_{order}"
    after = None if cursor is None else _read_position(list_name, order, cursor)
    values = _values(viewer, **filters)
    names = names_of(order, values)
    return scanned_page(
        list_name,
        limit=limit,
        after=after,
        queries=lambda is_after: queries_of(order, is_after, names),
        position=lambda row: _position(order, row),
        parameters=lambda after: values | {"viewer_id": viewer.id} | _bound(order, after),
    )


def _values(viewer: Caller, **filters: Any) -> dict[str, Any]:
    """Return what the filters' statements are bound to; None where there is no such filter."""
    check_range("age", filters["age_min"], filters["age_max"])
    check_range("height", filters["height_min"], filters["height_max"])
    moment = now()
    today, active, labels = moment.date(), filters["active"], filters["label_id"] or []
    values = {name: filters[name] for name in ("gender", "height_min", "height_max")}
    values["born_until"] = None if filters["age_min"] is None else years_before(today, filters["age_min"])
    values["born_after"] = None if filters["age_max"] is None else years_before(today, filters["age_max"] + 1)
    values["active_since"] = None if active is None else moment - ACTIVE_WITHIN[active]
    values["first_new"] = _first_new(moment - NEW) if filters["is_new"] else None
    for name in ("education", "salary"):
        among = filters[name] or [None]
        values |= {name: among, f"first_{name}": among[0]}
    values |= {f"label_{number}": label_id for number, label_id in enumerate(labels, 1)}
    if filters["distance_km"] is not None:
        values |= {"is_near": True, **circle(require_place(viewer.id), int(filters["distance_km"]))}
    is_mutual = 1 if filters["is_mutual"] else None
    return values | {"is_mutual": is_mutual, "my_gender": viewer.gender, "my_age": _age_of(viewer)}  # type: ignore[attr-defined]


def _age_of(viewer: Caller) -> int | None:
    birthday = viewer.birthday  # type: ignore[attr-defined]
    # Where Redis had it, it is a text.
    return age_on(date.fromisoformat(birthday) if isinstance(birthday, str) else birthday)


def _first_new(since: datetime) -> int:
    """Return the id from which on people are new; nobody's, if nobody is."""
    found = rows(FIRST_NEW, since=since)
    return found[0].id if found else 2**63 - 1


def names_of(order: str, values: Mapping[str, Any]) -> frozenset[str]:
    """Return which of the filters need a statement of their own."""
    return frozenset(name for name in (*FILTERS, BOUNDS[order][0]) if values.get(name) is not None)


@lru_cache
def queries_of(order: str, is_after: bool, names: frozenset[str]) -> tuple[Query, Query]:
    """Return the queries of a window; ``names`` are :func:`names_of` the filters."""
    bound, bounded = BOUNDS[order]
    window = CANDIDATES[order]
    if bound in names:
        window = window.where(bounded >= _told(bound, bounded))
    columns = [getattr(UserInfo, name) for name in ORDERS[order]]
    last: list[ColumnElement[Any]] = [bindparam(f"last_{name}") for name in ORDERS[order]]
    window = newest_first(window, *columns, after=last if is_after else None)
    conditions = [*ALWAYS, *(condition for name, condition in FILTERS.items() if name in names)]

    def all_of(candidate: Any) -> Sequence[ColumnElement[bool]]:
        return [condition(candidate) for condition in conditions]

    return shown_of(window, ORDERS[order], all_of), last_of(window, ORDERS[order])


def _bound(order: str, after: Sequence[Any] | None) -> dict[str, Any]:
    return {} if after is None else {f"last_{name}": value for name, value in zip(ORDERS[order], after, strict=True)}


def _position(order: str, row: Any) -> list[Any]:
    return [row.user_id] if order == "new" else [to_microseconds(row.active_at), row.user_id]


def _read_position(list_name: str, order: str, cursor: str) -> Sequence[Any]:
    if order == "new":
        return read_cursor(list_name, cursor, [int])
    microseconds, user_id = read_cursor(list_name, cursor, [int, int])
    return from_microseconds(microseconds), user_id
