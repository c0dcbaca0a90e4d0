"""What a page of nearby or of the hot list costs the database is bounded, whatever the number of people."""

import random
from collections.abc import Iterator
from math import pi
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, insert

from flask_api.core.database import now
from flask_api.extensions import db
from flask_api.hot import scores
from flask_api.hot.scores import READY, VISIT, exponent
from flask_api.nearby import feeding
from flask_api.nearby.models import Location
from flask_api.nearby.sphere import beyond
from flask_api.people.ranking import BATCH, MOST_LOOKED_AT
from flask_api.users.models import UserAuth, UserInfo
from tests.clients import Client, data
from tests.factories import Factory
from tests.nearby.town import CENTRE, settle
from tests.test_rows_read import Meter, rows_read, steps

ROWS, STEPS = 8, 120  # for each candidate: a row of a few tables, or so many steps of SQLite's virtual machine
QUERIES = ("", "?gender=male", "?gender=other", "?age_min=30&age_max=40&gender=female", "?limit=100")


@pytest.fixture
def meter(app: Flask) -> Iterator[Meter]:
    with app.app_context():
        meter = Meter(db.engine)
    event.listen(meter.engine, "before_cursor_execute", meter.note)
    yield meter
    event.remove(meter.engine, "before_cursor_execute", meter.note)


def add_people(app: Flask, first: int, many: int) -> None:
    """Put more people into the same few kilometres, and on the list."""
    numbers, drawn = range(first, first + many), random.Random(first)
    places = {n: beyond(CENTRE, drawn.uniform(0, 2 * pi), abs(drawn.gauss(0, 5))) for n in numbers}
    told: dict[str, Any] = {"placed_at": now(), "updated_at": now(), "is_hidden": False}
    rows: dict[Any, list[dict[str, Any]]] = {
        UserAuth: [{"id": n} for n in numbers],
        UserInfo: [{"user_id": n, "nickname": "Lin", "gender": "female" if n % 2 else "male"} for n in numbers],
        Location: [{"user_id": n, **places[n]._asdict(), **told} for n in numbers],
    }
    with app.app_context():
        with db.engine.begin() as connection:
            for table, added in rows.items():
                connection.execute(insert(table), added)
        feeding.rebuild()
        for n in range(0, many, 500):
            scores.add_to_new([(i, exponent(VISIT, drawn.uniform(0, 1e6))) for i in numbers[n : n + 500]])
        app.extensions["redis"].rename(scores.SCORES_NEW, scores.SCORES)
        app.extensions["redis"].set(READY, 1)


def cost(meter: Meter, me: Client, address: str) -> int:
    """What all statements of a request cost."""
    meter.sent.clear()
    data(me.get(address))
    sent = [*meter.sent]
    with meter.engine.connect() as connection:
        count = steps if connection.dialect.name == "sqlite" else rows_read
        return sum(count(connection, statement, told) for statement, told in sent)


def addresses(me: Client) -> Iterator[str]:
    """Pages with each filter, the first and one further on."""
    for path, queries in (("/nearby", QUERIES), ("/hot", ("", "?limit=100"))):
        for query in queries:
            yield path + query
            if cursor := data(me.get(path + query))["next_cursor"]:
                yield f"{path}{query}{'&' if query else '?'}cursor={cursor}"


def test_page_costs_no_more_among_four_times_as_many_people(app: Flask, make: Factory, meter: Meter) -> None:
    me, is_sqlite = settle(make, make.user()), meter.engine.dialect.name == "sqlite"
    add_people(app, 1000, 1000)
    before = [cost(meter, me, address) for address in addresses(me)]
    assert len(before) >= 12
    assert max(before) <= (STEPS if is_sqlite else ROWS) * (MOST_LOOKED_AT + BATCH)
    add_people(app, 2000, 3000)
    after = [cost(meter, me, address) for address in addresses(me)]
    assert all(later <= 1.15 * former for former, later in zip(before, after, strict=True)), (before, after)
