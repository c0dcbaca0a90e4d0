"""The circle as a condition of SQL: what SQLite and MariaDB compute is the distance on the sphere, nearly."""

import random
from datetime import UTC, datetime
from math import pi

import pytest
from flask import Flask
from sqlalchemy import insert, select

from flask_api.core.transaction import rows
from flask_api.nearby.models import Location
from flask_api.nearby.places import CIRCLES, WITHIN, circle
from flask_api.nearby.sphere import Point, beyond, distance
from flask_api.users.models import UserAuth, UserInfo
from tests.factories import Factory
from tests.nearby.town import CENTRE, settle

CENTRES = [CENTRE, Point(0, 0), Point(-17.7, 179.999), Point(60, -180), Point(78, 15)]
PEOPLE = 300


def found_within(place: Point, km: float) -> list[int]:
    return [row.user_id for row in rows(select(Location.user_id).where(WITHIN), **circle(place, km))]


@pytest.mark.parametrize("centre", CENTRES, ids=str)
def test_those_within_a_circle_are_found_and_no_others(app: Flask, make: Factory, centre: Point) -> None:
    drawn, ids = random.Random(5), range(1, PEOPLE + 1)
    places = {number: beyond(centre, drawn.uniform(0, 2 * pi), drawn.uniform(0, 120)) for number in ids}
    now = datetime.now(UTC)
    told = {"placed_at": now, "updated_at": now, "is_hidden": False}
    make.execute(insert(UserAuth).values([{"id": number} for number in ids]))
    make.execute(insert(UserInfo).values([{"user_id": number, "nickname": "P"} for number in ids]))
    make.execute(insert(Location).values([{"user_id": n, **places[n]._asdict(), **told} for n in ids]))
    for km in CIRCLES:
        with app.app_context():
            found = set(found_within(centre, km))
        wrong = found ^ {number for number, place in places.items() if distance(centre, place) <= km}
        assert all(abs(distance(centre, places[number]) / km - 1) < 0.01 for number in wrong)
        assert len(wrong) <= 2


@pytest.mark.parametrize("pole", [90, -90])
def test_all_around_a_pole_are_within_its_circle(app: Flask, make: Factory, pole: int) -> None:
    sign = pole // 90
    near = settle(make, make.user(), Point(pole - 0.05 * sign, 100))
    settle(make, make.user(), Point(pole - 2.0 * sign, 100))
    with app.app_context():
        assert found_within(Point(pole - 0.05 * sign, -80), 20) == [near.user_id]


def test_who_hides_is_within_no_circle(app: Flask, make: Factory) -> None:
    settle(make, make.user(), is_hidden=True)
    settle(make, make.user(), latitude=None, longitude=None, placed_at=None)
    with app.app_context():
        assert found_within(CENTRE, 100) == []
