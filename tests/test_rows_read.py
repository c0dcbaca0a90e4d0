"""What a GET costs grows neither with the table nor with how far one has read: the database counts its work."""

from collections.abc import Callable, Iterator
from itertools import chain, combinations, count
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, event, insert, text, update

from flask_api.extensions import db
from flask_api.people import links
from flask_api.people.links import MOST_COUNTED
from flask_api.people.models import UserLike, UserSeen
from flask_api.users.models import UserInfo
from tests.city import AT, FEW, MOST, NOW, rows_of_a_city
from tests.clients import Client, data
from tests.factories import Factory
from tests.security.operations import OPERATIONS, Operation, Schema, page, resolved

PAGE = 20
LONG_PAGE, PAGES_BEFORE = 100, 12  # to a cursor 1,200 rows deep
# For each line of a page: a row of each of a few tables; of SQLite, that many steps of its virtual machine.
ROWS, STEPS = 10, 100

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
# Where is counted, and how many lists: each of them to 999 and no further.
COUNTED = {"/likes/received": 1, "/visitors/count": 1, "/users/me/badges": 3}


@pytest.fixture
def city(app: Flask, make: Factory) -> Client:
    """Many of everything, as far as it can be the caller's much of it his; returns him, an admin."""
    admin = make.admin()
    admin.put("/users/me/place", json={"latitude": 31.2304, "longitude": 121.4737})
    rows = rows_of_a_city(admin.user_id or 0)
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

    def costs(self, work: Callable[[], object]) -> list[tuple[str, int]]:
        """Do some work; return the statements that it took, and what each cost."""
        self.sent.clear()
        work()
        sent = [*self.sent]
        with self.engine.connect() as connection:
            count_cost = steps if connection.dialect.name == "sqlite" else rows_read
            return [(statement, count_cost(connection, statement, told)) for statement, told in sent]

    def too_dear(self, admin: Client, address: str) -> dict[str, int]:
        """Ask for an address; return the statements that cost more than its page may, and what they cost."""
        costs = self.costs(lambda: data(admin.get(address)))
        enough = STEPS if self.engine.dialect.name == "sqlite" else ROWS
        lists = COUNTED.get(address.partition("?")[0], 0)

        def allowed(statement: str) -> int:
            return enough * (MOST_COUNTED * lists if lists and "count(*)" in statement else PAGE + 1)

        return {f"{address}: {text}": cost for text, cost in costs if cost > allowed(text)}


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
    query = {**{name: PAGE for name in ("limit", "per_page") if name in operation.query}, **query}
    return f"{path}?{urlencode(query)}" if query else path


def has_cursor(schema: Schema) -> bool:
    """Whether an answer of this schema has a cursor, wherever in it."""
    properties = resolved(schema).get("properties", {})
    return "next_cursor" in properties or any(has_cursor(inner) for inner in properties.values())


# These look at candidates, so many and no more; tests/search/test_cost.py and tests/nearby/test_cost.py count those.
OF_CANDIDATES = {"/search/people", "/labels/{label_id}/people", "/nearby", "/hot"}
READS = [one for one in OPERATIONS if one.method == "GET" and one.path not in OF_CANDIDATES]
LISTS = [read for read in READS if has_cursor(page()["paths"][read.path]["get"]["responses"]["200"]["schema"])]


def filters_of(operation: Operation) -> list[str]:
    return [name for name in operation.query if name not in ("limit", "cursor")]


def value_of(operation: Operation, name: str, place: int) -> object:
    """The value of a filter that most rows have (0), or few (1)."""
    found = AT.get((operation.path, name))
    return (MOST, FEW)[place][name] if found is None else found[place]


def queries_of(operation: Operation, *, mixed: bool) -> Iterator[dict[str, object]]:
    """Every set of filters with values that most rows have; and a value that few have, alone or with one of those."""
    names = filters_of(operation)
    common = [name for name in names if name in MOST or (operation.path, name) in AT]
    for chosen in chain.from_iterable(combinations(common, size) for size in range(len(common) + 1)):
        yield {name: value_of(operation, name, 0) for name in chosen}
    for name in names:
        few = {name: value_of(operation, name, 1)}
        yield few
        yield from ({other: value_of(operation, other, 0), **few} for other in common if mixed and other != name)


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


def test_count_looks_at_a_bounded_part_of_those_who_do_not_count(
    city: Client, meter: Meter, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "MOST_LOOKED_AT", 100)  # of 3,000
    received = links.Links("some", UserLike.id, UserLike.liked_id, UserLike.liker_id)
    with meter.engine.begin() as connection:
        connection.execute(update(UserInfo).where(UserInfo.user_id != city.user_id).values(is_active=False))
    with app.app_context():
        [(_, cost)] = meter.costs(lambda: received.count(city.user_id or 0))
        assert received.count(city.user_id or 0) == 0
    assert cost < 100 * (ROWS if app.extensions["settings"].database_url.startswith("mysql") else STEPS)


def test_badges_cost_next_to_nothing_where_all_was_seen(city: Client, meter: Meter) -> None:
    seen = {"visitor_id": 10**6, "like_id": 10**6, "match_id": 10**6}
    with meter.engine.begin() as connection:
        connection.execute(insert(UserSeen).values(user_id=city.user_id, **seen))
    costs = meter.costs(lambda: data(city.get("/users/me/badges")))
    [cost] = [cost for text, cost in costs if "count(*)" in text]
    assert cost < 300


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
    names = {name for one in LISTS for name in filters_of(one) if (one.path, name) not in AT}
    assert names == FEW.keys()
    assert names - MOST.keys() == {"phone"}, "of these no row has the same as another"
