"""How databases mean to answer: through indexes, whatever people search by, at the start of a list and deep in it."""

from collections.abc import Iterator
from itertools import chain, combinations
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, event, insert, text

from flask_api.core.database import now
from flask_api.extensions import db
from flask_api.nearby.places import circle
from flask_api.nearby.sphere import Point
from flask_api.people.candidates import Query
from flask_api.search import services
from flask_api.users.models import UserAuth, UserInfo

PEOPLE = 3000
VALUES: dict[str, Any] = {
    "gender": "male", "born_until": now().date(), "born_after": now().date(), "height_min": 160, "height_max": 180,
    "education": ["college", "bachelor"], "first_education": "college", "salary": ["over_20k"],
    "first_salary": "over_20k", "active_since": now(), "first_new": 10,
    "is_mutual": 1, "my_gender": "male", "my_age": 30, "label_1": 1, "label_2": 2, "label_3": 3,
    "viewer_id": 10, "count": 200, "limit": 21, "offset": 199, "last_active_at": now(), "last_user_id": PEOPLE // 2,
    **circle(Point(31.2, 121.4), 5),
}  # fmt: skip
TOGETHER = [  # what is a condition on the candidates' columns and nothing else makes no difference to a plan
    ("gender", "born_until", "born_after", "height_min", "height_max", "is_mutual"),
    *(("education", "salary"), ("active_since",), ("first_new",), ("label_1",), ("label_2", "label_3"), ("is_near",)),
]
TABLES = {"user_info", "user_auth", "user_label", "label", "user_like", "user_block", "location"}


@pytest.fixture
def connection(app: Flask) -> Iterator[Connection]:
    """A database with so many people that an index is worth while; the server knows how many."""
    numbers = range(1, PEOPLE + 1)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(insert(UserAuth), [{"id": number, "phone": f"+86139{number:08d}"} for number in numbers])
        people = [
            {"user_id": number, "nickname": "Lin", "gender": ("male", "female")[number % 2], "height_cm": 170}
            for number in numbers
        ]
        connection.execute(insert(UserInfo), people)
        if connection.dialect.name == "mysql":
            for table in TABLES:
                connection.execute(text(f"ANALYZE TABLE {table}")).all()
        yield connection


def filters() -> Iterator[frozenset[str]]:
    for chosen in chain.from_iterable(combinations(TOGETHER, size) for size in range(len(TOGETHER) + 1)):
        yield frozenset(chain.from_iterable(chosen))


def queries() -> Iterator[tuple[str, Query, dict[str, Any]]]:
    for names in filters():
        others = set(chain.from_iterable(TOGETHER)) - names
        values = VALUES | dict.fromkeys(others)
        for name in others & {"education", "salary"}:
            values |= {name: [None], f"first_{name}": None}
        for order in services.ORDERS:
            for is_after in (False, True):
                shown, last = services.queries_of(order, is_after, services.names_of(order, values | _near(names)))
                yield f"{order} {is_after} {sorted(names)}", shown, values
                if names <= {"active_since", "first_new"}:  # what is asked of the window itself
                    yield f"end of {order} {is_after} {sorted(names)}", last, values


def _near(names: frozenset[str]) -> dict[str, Any]:
    return {"is_near": True} if "is_near" in names else {}


def plans(connection: Connection) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """What the database says of each query."""
    explain = "EXPLAIN QUERY PLAN " if connection.dialect.name == "sqlite" else "EXPLAIN "

    @event.listens_for(connection, "before_cursor_execute", retval=True)
    def ask(*told: Any) -> tuple[str, Any]:
        return explain + told[2], told[3]

    for name, query, values in queries():
        cursor = connection.execute(query, values).cursor
        columns = [column[0] for column in cursor.description]
        yield name, [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def faults_on_mariadb(plan: list[dict[str, Any]]) -> list[str]:
    """What reads a whole table, or sorts one. The window may begin at the end of its index, and stops."""
    windows = [row for row in plan if row["type"] in ("index", "range") and row["table"] == "user_info"]
    faults = [
        row
        for row in plan
        if row["table"] in TABLES
        and ((row["type"] not in ("const", "eq_ref", "ref") and row not in windows) or "filesort" in str(row["Extra"]))
    ]
    faults += [row for row in plan if row["table"] in ("user_label", "label", "location") and row["key"] != "PRIMARY"]
    in_order = [row for row in windows if row["key"] in ("ix_user_info_active_at", "PRIMARY")]
    return [f"{row['table']}: {row}" for row in faults] + ([] if len(in_order) == len(windows) == 1 else ["no window"])


def faults_on_sqlite(plan: list[dict[str, Any]]) -> list[str]:
    """The same; of what is found in the window, so many rows at most, a few are sorted outside of it."""
    [window] = [row["id"] for row in plan if row["detail"].endswith("candidate")][:1]
    inside = [row["detail"] for row in plan if row["parent"] == window]
    outside = [row["detail"] for row in plan if row["parent"] != window and row["id"] != window]
    scans = [detail for detail in outside if detail.startswith("SCAN") and detail not in ("SCAN candidate", "SCAN few")]
    bad = [
        detail
        for detail in inside
        if "TEMP B-TREE" in detail or not detail.startswith(("SCAN user_info", "SEARCH user_info"))
    ]
    return scans + bad


def test_every_combination_of_filters_goes_through_indexes(connection: Connection) -> None:
    faults_of = faults_on_sqlite if connection.dialect.name == "sqlite" else faults_on_mariadb
    faults = {name: found for name, plan in plans(connection) if (found := faults_of(plan))}
    assert dict(list(faults.items())[:5]) == {}


def test_any_set_of_filters_is_one_of_few_statements() -> None:
    """Each that is compiled anew costs milliseconds, and pushes another out of those that are kept."""
    statements = {id(query) for _, query, _ in queries()}
    assert len(statements) <= 100
