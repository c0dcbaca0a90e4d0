"""The blur: never nearer than a kilometre, never further than three, the same whenever it is asked."""

from math import cos, radians

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as some

from flask_api.nearby.fuzz import displaced
from flask_api.nearby.sphere import Grid, Point, beyond, direction, distance, turned
from flask_api.settings import Settings

latitudes = some.one_of(some.floats(-90, 90), some.sampled_from([-90.0, -89.9999, 0.0, 89.9999, 90.0]))
longitudes = some.one_of(some.floats(-180, 179.999999), some.sampled_from([-180.0, 0.0, 179.99999]))
places = some.builds(Point, latitudes, longitudes)
users = some.integers(1, 2**63 - 1)
directions, steps = some.floats(0, 6.28), some.floats(0, 0.2)


pytestmark = pytest.mark.usefixtures("blur")


@settings(max_examples=500, deadline=None)
@given(users, places)
def test_place_is_said_to_be_one_to_three_kilometres_away_and_always_the_same(user_id: int, place: Point) -> None:
    said = displaced(user_id, place)
    assert 1 <= distance(place, said) <= 2.8
    assert -90 <= said.latitude <= 90
    assert -180 <= said.longitude <= 180
    assert displaced(user_id, place) == said


@settings(max_examples=300, deadline=None)
@given(users, places, some.lists(some.tuples(directions, steps), max_size=12))
def test_however_somebody_walks_what_is_said_stays_a_kilometre_off(
    user_id: int, start: Point, walk: list[tuple[float, float]]
) -> None:
    place, said = start, displaced(user_id, start)
    for towards, step in walk:
        place = beyond(place, towards, step)
        said = displaced(user_id, place, said)
        assert distance(place, said) >= 1


@settings(max_examples=300, deadline=None)
@given(users, places, some.lists(some.tuples(directions, some.floats(0, 0.09)), max_size=12))
def test_staying_about_the_same_place_says_the_same(
    user_id: int, home: Point, readings: list[tuple[float, float]]
) -> None:
    """A phone's readings differ by some ten metres; each of several answers would tell something."""
    said = displaced(user_id, home)
    assert {displaced(user_id, beyond(home, *reading), said) for reading in readings} <= {said}


@given(users, users, places)
def test_two_people_at_the_same_place_are_said_to_be_elsewhere_each(one: int, other: int, place: Point) -> None:
    assert one == other or displaced(one, place) != displaced(other, place)


def test_without_the_secret_nobody_can_tell_where(plain_settings: Settings) -> None:
    place = Point(31.2304, 121.4737)
    mine = displaced(1, place)
    other = Flask("other")
    other.extensions["settings"] = plain_settings.model_copy(update={"secret_key": "x" * 32})
    with other.app_context():
        assert displaced(1, place) != mine


@given(places)
def test_cells_are_squares_of_half_a_kilometre_that_hold_their_points(place: Point) -> None:
    grid = Grid(0.5)
    cell = grid.cell(place)
    assert distance(place, grid.middle(cell)) <= 0.5 / 2**0.5 + 0.02
    assert grid.cell(grid.middle(cell)) == cell


@given(places, places)
def test_distances_stay_when_the_earth_is_turned(one: Point, other: Point) -> None:
    assert distance(turned(one), turned(other)) == pytest.approx(distance(one, other), abs=1e-3, rel=1e-6)
    assert abs(turned(one).latitude) <= 90


@given(places, directions, some.floats(0, 500))
def test_what_lies_beyond_is_that_far_away(start: Point, direction: float, length: float) -> None:
    assert distance(start, beyond(start, direction, length)) == pytest.approx(length, abs=1e-3)


@given(some.builds(Point, some.floats(-89.9, 89.9), longitudes), directions, some.floats(0.1, 50))
def test_direction_and_distance_lead_to_a_place(start: Point, towards: float, length: float) -> None:
    end = beyond(start, towards, length)
    assert distance(end, beyond(start, direction(start, end), distance(start, end))) < 1e-3


def test_distance_is_that_of_a_map() -> None:
    assert distance(Point(52.5200, 13.4050), Point(48.8566, 2.3522)) == pytest.approx(877.5, abs=1)
    assert distance(Point(0, 179.5), Point(0, -179.5)) == pytest.approx(111.2, abs=0.1)
    assert distance(Point(60, 0), Point(60, 1)) == pytest.approx(111.2 * cos(radians(60)), abs=0.1)
