"""What a GET costs grows neither with the table nor with how far one has read: the database counts its work."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, combinations, count
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, event, insert, text

from flask_api.albums.models import UserAlbum
from flask_api.app_keys.models import AppKey
from flask_api.audit.models import AuditEntry
from flask_api.blog.models import BlogCategory, BlogPost
from flask_api.extensions import db
from flask_api.uploads.models import Upload
from flask_api.users.models import UserAuth, UserInfo
from tests.clients import Client, data
from tests.factories import Factory
from tests.security.operations import OPERATIONS, Operation, Schema, page, resolved

PEOPLE = 3000  # and as many posts, app keys and entries of the audit
PAGE = 20
LONG_PAGE, PAGES_BEFORE = 100, 12  # to a cursor 1,200 rows deep
# For each line of a page: a row of each of a few tables; of SQLite, that many steps of its virtual machine.
ROWS, STEPS = 10, 50

NOW = datetime.now(UTC)
PLACES = {
    "category_id": 3,
    "user_id": 10,
    "post_id": 10,
    "upload_id": 10,
    "year": NOW.year,
    "month": NOW.month,
    "day": NOW.day,
}
EVERYTHING = "/auth/account/export"  # shows all that somebody has
# Of each filter of a list the value that most rows have, or one that few have.
MOST: dict[str, object] = {
    "role": "user",
    "status": "active",
    "category_id": 3,
    "author_id": 10,
    "action": "login",
    "actor_id": 10,
    "user_id": 10,
    "app_key_id": 10,
    "since": (NOW - timedelta(hours=1)).isoformat(),
    "until": (NOW + timedelta(hours=1)).isoformat(),
}
FEW: dict[str, object] = {
    "phone": "+8613900000010",
    "role": "admin",
    "status": "banned",
    "category_id": 4,
    "author_id": 11,
    "action": "user_banned",
    "actor_id": 11,
    "user_id": 11,
    "app_key_id": 11,
    "since": (NOW + timedelta(microseconds=PEOPLE - 50)).isoformat(),
    "until": (NOW + timedelta(microseconds=50)).isoformat(),
}


def seldom(number: int, name: str) -> Any:
    """One of fifty times the value that few have, or else the one that most have."""
    return MOST[name] if number % 50 else FEW[name]


def user(n: int) -> dict[str, Any]:
    return {"id": n, "phone": f"+861390000{n:04d}", "role": seldom(n, "role"), "status": seldom(n + 1, "status")}


def post(n: int) -> dict[str, Any]:
    """A post; no category is empty, or MariaDB would not fall for reading the few categories first."""
    category = MOST["category_id"] if n % 10 else 1 + n // 10 % 5
    written = {"created_at": NOW + timedelta(microseconds=n), "title": "t", "body": "b"}
    return {"author_id": seldom(n, "author_id"), "category_id": category, **written}


def entry(n: int) -> dict[str, Any]:
    """An entry of the audit; half of them are about a user, half about an app key."""
    name = "user" if n % 2 else "app_key"
    about = {"subject_kind": name, "subject_id": seldom(n // 2, f"{name}_id")}
    origin = {"address": "203.0.113.7", "request_id": "r", "details": {}}
    done = {"action": seldom(n, "action"), "actor_id": seldom(n + 1, "actor_id")}
    return {"at": NOW + timedelta(microseconds=n), **done, **about, **origin}


def upload(n: int, owner_id: int | None) -> dict[str, Any]:
    """A file that is ready; the caller's own, since nobody sees another's."""
    sent = {"kind": "photo", "content_type": "image/jpeg", "size": 1, "incoming_key": f"incoming/{n}"}
    made = {"state": "ready", "key": f"public/1/{n}.jpg", "thumbnail_key": f"public/2/{n}.jpg"}
    return {"id": n, "user_id": owner_id, "created_at": NOW, "expires_at": NOW, **sent, **made}


@pytest.fixture
def city(app: Flask, make: Factory) -> Client:
    """Many users, posts, app keys and entries of the audit; returns an admin."""
    admin = make.admin()
    numbers = range(10, 10 + PEOPLE)
    rows: dict[Any, list[dict[str, Any]]] = {
        BlogCategory: [{"id": n, "name": f"Category {n}"} for n in range(1, 6)],
        UserAuth: [user(n) for n in numbers],
        UserInfo: [{"user_id": n, "nickname": f"Person {n}"} for n in numbers],
        UserAlbum: [{"user_id": n, "position": 1, "caption": "", "url": f"/media/{n}.jpg"} for n in numbers],
        BlogPost: [post(n) for n in numbers],
        AppKey: [{"appkey": f"{n:016x}", "name": f"App {n}", "secret": "s"} for n in numbers],
        Upload: [upload(n, admin.user_id) for n in numbers],
        AuditEntry: [entry(n) for n in range(PEOPLE)],
    }
    with app.app_context(), db.engine.begin() as connection:
        for table, told in rows.items():
            connection.execute(insert(table), told)
        if connection.dialect.name == "mysql":
            for table in rows:
                connection.execute(text(f"ANALYZE TABLE {table.__tablename__}")).all()
    return admin


class Meter:
    """Tells what the SELECTs cost that a request sends."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.sent: list[tuple[str, Any]] = []

    def note(self, _connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            self.sent.append((statement, parameters))

    def too_dear(self, admin: Client, address: str) -> dict[str, int]:
        """Ask for an address; return the statements that cost more than its page may, and what they cost."""
        self.sent.clear()
        assert admin.get(address).status_code == 200, address
        sent = [*self.sent]
        with self.engine.connect() as connection:
            count_cost, enough = (steps, STEPS) if connection.dialect.name == "sqlite" else (rows_read, ROWS)
            costs = {f"{address}: {statement}": count_cost(connection, statement, told) for statement, told in sent}
        return {name: cost for name, cost in costs.items() if cost > enough * (PAGE + 1)}


@pytest.fixture
def meter(app: Flask) -> Iterator[Meter]:
    with app.app_context():
        meter = Meter(db.engine)
    event.listen(meter.engine, "before_cursor_execute", meter.note)
    yield meter
    event.remove(meter.engine, "before_cursor_execute", meter.note)


def rows_read(connection: Connection, statement: str, parameters: Any) -> int:
    """What MariaDB reads; what an index's own condition puts aside, it counts as icp_attempts and nowhere else."""
    connection.execute(text("FLUSH STATUS"))
    connection.exec_driver_sql(statement, parameters).all()
    counted = connection.execute(text("SHOW SESSION STATUS LIKE 'Handler_%'")).all()
    return sum(int(value) for name, value in counted if "_read" in name or name.endswith("icp_attempts"))


def steps(connection: Connection, statement: str, parameters: Any) -> int:
    """How many instructions SQLite's virtual machine executes."""
    raw, counter = connection.connection.driver_connection, count()
    assert raw is not None
    raw.set_progress_handler(lambda: next(counter) < 0, 1)  # true would stop it
    connection.exec_driver_sql(statement, parameters).all()
    raw.set_progress_handler(None, 1)
    return next(counter)


def address_of(operation: Operation, **query: object) -> str:
    path = operation.path.format_map(PLACES)
    if operation.has_query:
        query = {"per_page" if path.endswith("/pages") else "limit": PAGE, **query}
    return f"{path}?{urlencode(query)}" if query else path


def has_cursor(schema: Schema) -> bool:
    """Whether an answer of this schema has a cursor, wherever in it."""
    properties = resolved(schema).get("properties", {})
    return "next_cursor" in properties or any(has_cursor(inner) for inner in properties.values())


READS = [operation for operation in OPERATIONS if operation.method == "GET"]
LISTS = [read for read in READS if has_cursor(page()["paths"][read.path]["get"]["responses"]["200"]["schema"])]


def filters_of(operation: Operation) -> list[str]:
    return [name for name in operation.query if name not in ("limit", "cursor")]


def queries_of(operation: Operation, *, mixed: bool) -> Iterator[dict[str, object]]:
    """Every set of filters with values that most rows have; and a value that few have, alone or with one of those."""
    names = filters_of(operation)
    common = [name for name in names if name in MOST]
    for chosen in chain.from_iterable(combinations(common, size) for size in range(len(common) + 1)):
        yield {name: MOST[name] for name in chosen}
    for name in names:
        yield {name: FEW[name]}
        yield from ({other: MOST[other], name: FEW[name]} for other in common if mixed and other != name)


def deep_cursor(admin: Client, operation: Operation) -> str:
    """Return a cursor from the midst of the list; it is good for all of its filters."""
    cursor: dict[str, object] = {}
    for _ in range(PAGES_BEFORE):
        answer = data(admin.get(address_of(operation, **cursor, limit=LONG_PAGE)))
        lists = [part for part in (answer, *answer.values()) if isinstance(part, dict)]
        [found] = [part["next_cursor"] for part in lists if "next_cursor" in part]
        assert found, f"{operation}: let city() fill its table, or PLACES name the place that most rows are in"
        cursor = {"cursor": found}
    return str(found)


def test_no_get_reads_more_rows_than_it_shows(city: Client, meter: Meter) -> None:
    costs: dict[str, int] = {}
    for operation in READS:
        if operation.path != EVERYTHING:
            costs |= meter.too_dear(city, address_of(operation))
    assert costs == {}


def test_page_costs_the_same_however_deep_it_is_and_whatever_it_is_filtered_by(city: Client, meter: Meter) -> None:
    assert {"/blog/posts", "/blog/categories/{category_id}", "/admin/users"} <= {operation.path for operation in LISTS}
    costs: dict[str, int] = {}
    # SQLite keeps no figures of how many rows have a value: of two filters it may take the index of the wrong one.
    mixed = meter.engine.dialect.name != "sqlite"
    for operation in LISTS:
        deep = deep_cursor(city, operation)
        for query in queries_of(operation, mixed=mixed):
            costs |= meter.too_dear(city, address_of(operation, **query))
            costs |= meter.too_dear(city, address_of(operation, **query, cursor=deep))
    assert costs == {}


def test_every_filter_of_a_list_is_tried_with_values_that_most_and_few_rows_have() -> None:
    names = {name for operation in LISTS for name in filters_of(operation)}
    assert names == FEW.keys()
    assert names - MOST.keys() == {"phone"}, "of these no row has the same as another"
