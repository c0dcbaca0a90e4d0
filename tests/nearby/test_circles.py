"""The nearest in Redis: right all over the Earth, at a cost that does not grow, and never set back."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import pi

import pytest
from flask import Flask

from flask_api.nearby import circles
from flask_api.nearby.circles import POLAR, READY, Shown
from flask_api.nearby.sphere import Point, beyond, distance
from tests.factories import at_once
from tests.nearby.town import CENTRE

CENTRES = [
    CENTRE,
    Point(0, 0),
    Point(-17.7, 179.999),
    Point(60, -180),
    Point(83.9, 10),
    Point(84.1, 10),
    Point(-84, -180),
    Point(-90, 0),
    Point(90, 50),
]
NOW = datetime.now(UTC)
OUT_OF_ORDER = 1.4  # km: as large as a cell is within which the order does not matter


@pytest.fixture(autouse=True)
def context(app: Flask) -> Iterator[None]:
    with app.app_context():
        app.extensions["redis"].set(READY, 1)
        yield


def scatter(centre: Point, many: int, spread: float) -> dict[int, Point]:
    """Put people around a centre, most of them near it; return where each is."""
    drawn = random.Random(many)
    people = {
        number: beyond(centre, drawn.uniform(0, 2 * pi), abs(drawn.gauss(0, spread))) for number in range(1, many + 1)
    }
    told = [Shown(number, place, NOW) for number, place in people.items()]
    for first in range(0, many, 500):
        circles.put(told[first : first + 500])
    return people


def found(centre: Point, offset: int = 0, count: int = 100) -> list[int]:
    nearest = circles.nearest(centre, offset, count)
    assert nearest is not None
    return nearest


@pytest.mark.parametrize("spread", [0.5, 8, 60])
@pytest.mark.parametrize("centre", CENTRES, ids=str)
def test_those_who_are_found_are_the_nearest(centre: Point, spread: float) -> None:
    people = scatter(centre, 1500, spread)
    nearest = sorted(distance(centre, place) for place in people.values())
    apart = [distance(centre, people[number]) for number in found(centre)]
    assert len(apart) == 100
    assert max(apart) <= nearest[99] + OUT_OF_ORDER
    assert all(later >= max(apart[: place + 1]) - OUT_OF_ORDER for place, later in enumerate(apart))


@pytest.mark.parametrize("centre", CENTRES, ids=str)
def test_all_within_the_last_circle_are_found_once_page_by_page(centre: Point) -> None:
    people = scatter(centre, 400, 90)
    pages = [found(centre, offset, 50) for offset in range(0, 400, 50)]
    listed = [number for page in pages for number in page]
    inside = {number for number, place in people.items() if distance(centre, place) <= circles.WIDEST}
    assert len(listed) == len(set(listed))
    assert inside <= set(listed)
    assert max(distance(centre, people[number]) for number in listed) < circles.WIDEST * 1.03


def test_cost_does_not_grow_with_how_many_there_are(app: Flask) -> None:
    redis = app.extensions["redis"]

    def calls() -> int:
        redis.config_resetstat()
        for place in (CENTRE, beyond(CENTRE, 1, 3), beyond(CENTRE, 2, 20), beyond(CENTRE, 3, 80)):
            found(place)
            found(place, 100)
        return int(sum(figures["calls"] for name, figures in redis.info("commandstats").items() if "_z" in name))

    def quickest() -> int:
        """How long Redis takes when nothing comes between, microseconds."""
        took = []
        for _ in range(20):
            redis.config_resetstat()
            found(CENTRE)
            took.append(redis.info("commandstats")["cmdstat_evalsha"]["usec"])
        return min(took)

    scatter(CENTRE, 1000, 8)
    few, quick = calls(), quickest()
    scatter(CENTRE, 20_000, 8)
    assert calls() <= 1.5 * few
    assert quickest() <= 4 * quick


def test_older_place_does_not_replace_a_newer_one() -> None:
    circles.put([Shown(1, CENTRE, NOW)])
    circles.put([Shown(1, beyond(CENTRE, 1, 500), NOW - timedelta(microseconds=1))])
    assert found(CENTRE) == [1]
    circles.put([Shown(1, None, NOW + timedelta(microseconds=1))])
    circles.put([Shown(1, CENTRE, NOW)])
    assert found(CENTRE) == []


def test_the_newest_of_many_that_come_at_once_stays(app: Flask) -> None:
    def tell(number: int) -> None:
        with app.app_context():
            place = beyond(CENTRE, 1, 500 * (50 - number))
            circles.put([Shown(1, place, NOW + timedelta(microseconds=number))])

    at_once([lambda number=number: tell(number) for number in random.Random(1).sample(range(1, 51), 50)])
    assert found(CENTRE) == [1]


def test_who_leaves_the_pole_is_found_there_no_more(app: Flask) -> None:
    circles.put([Shown(1, Point(89, 0), NOW)])
    assert found(Point(89, 10)) == [1]
    circles.put([Shown(1, CENTRE, NOW + timedelta(seconds=1))])
    assert (found(Point(89, 10)), found(CENTRE)) == ([], [1])
    assert app.extensions["redis"].zcard(POLAR) == 0


def test_without_the_word_that_all_are_there_nobody_is_found(app: Flask) -> None:
    circles.put([Shown(1, CENTRE, NOW)])
    app.extensions["redis"].delete(READY)
    assert circles.nearest(CENTRE, 0, 10) is None
    assert circles.put([Shown(2, CENTRE, NOW)]) is False
