"""What a page of a search costs is bounded, and does not grow with how many people there are."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import event, insert

from flask_api.extensions import db
from flask_api.labels.models import Label, UserLabel
from flask_api.people.candidates import WINDOWS
from flask_api.users.models import UserAuth, UserInfo
from tests.clients import Client, data
from tests.factories import Factory
from tests.test_rows_read import Meter, rows_read, steps

PEOPLE = sum(WINDOWS) + 1000
# For each candidate of one window: a few rows, or that many steps of SQLite's virtual machine.
ROWS, STEPS = 8, 80
SEARCHES: list[dict[str, object]] = [
    {},
    {"gender": "male"},
    {"gender": "other"},  # nobody
    {"gender": "male", "age_min": 20, "age_max": 40, "height_min": 160, "education": "college", "is_mutual": "true"},
    {"label_id": "1,2"},
    {"label_id": "3"},  # few
    {"active": "today", "is_new": "true", "salary": "over_20k"},
]


@pytest.fixture
def meter(app: Flask) -> Iterator[Meter]:
    with app.app_context():
        meter = Meter(db.engine)
    event.listen(meter.engine, "before_cursor_execute", meter.note)
    yield meter
    event.remove(meter.engine, "before_cursor_execute", meter.note)


def add_people(app: Flask, first: int, number: int) -> None:
    numbers = range(first, first + number)
    rows: dict[Any, list[dict[str, Any]]] = {
        UserAuth: [{"id": n, "phone": f"+86139{n:08d}"} for n in numbers],
        UserInfo: [
            {"user_id": n, "nickname": "Lin", "gender": "female" if n % 2 else "male", "height_cm": 150 + n % 50}
            for n in numbers
        ],
        UserLabel: [{"user_id": n, "label_id": label} for n in numbers for label in (1, 2)]
        + [{"user_id": n, "label_id": 3} for n in numbers if n % 999 == 0 and n < PEOPLE],
    }
    with app.app_context(), db.engine.begin() as connection:
        for table, told in rows.items():
            connection.execute(insert(table), told)


def costs(meter: Meter, me: Client, address: str) -> list[int]:
    """What each statement of a request costs."""
    meter.sent.clear()
    data(me.get(address))
    sent = [*meter.sent]
    with meter.engine.connect() as connection:
        count = steps if connection.dialect.name == "sqlite" else rows_read
        return [count(connection, statement, told) for statement, told in sent]


def addresses() -> Iterator[str]:
    for order in ("active", "new"):
        yield from (f"/search/people?{urlencode({'order': order, **query})}" for query in SEARCHES)
    yield from (f"/labels/{label}/people" for label in (1, 3))


def test_page_costs_no_more_among_twice_as_many_people(app: Flask, make: Factory, meter: Meter) -> None:
    me, enough = make.user(), STEPS if meter.engine.dialect.name == "sqlite" else ROWS
    labels = [{"id": n, "name": f"L{n}", "kind": "interest", "gender": "any", "is_active": True} for n in (1, 2, 3)]
    make.execute(insert(Label).values(labels))
    add_people(app, 100, PEOPLE)
    before = {address: costs(meter, me, address) for address in addresses()}
    assert {address: found for address, found in before.items() if max(found) > enough * max(WINDOWS)} == {}
    plain = [
        found for address, found in before.items() if address.endswith(("order=active", "order=new", "gender=male"))
    ]
    assert len(plain) == 4
    assert max(map(max, plain)) <= enough * WINDOWS[0], "one window is enough where many fit"
    add_people(app, 100 + PEOPLE, PEOPLE)
    after = {address: costs(meter, me, address) for address in addresses()}
    assert {a: (before[a], after[a]) for a in before if sum(after[a]) > 1.05 * sum(before[a]) + 50} == {}
