"""Finding a home from distances: an attacker goes anywhere, reads bands and computes; he errs by a kilometre."""

import random
from itertools import pairwise
from math import pi

import pytest
from flask import Flask
from sqlalchemy import select

from flask_api.nearby.models import Location
from flask_api.nearby.places import BANDS, CIRCLES
from flask_api.nearby.sphere import Point, beyond, distance
from tests.clients import Client, data
from tests.factories import Factory
from tests.nearby.town import CENTRE, exactly, move

HOMES = (CENTRE, Point(-16.5, 179.9999), Point(89.97, 40.0))
EDGES = dict(zip(BANDS, pairwise((0, *CIRCLES)), strict=False))


class Attacker:
    """Somebody whose own place is not blurred, the better for him, and who moves as often as he likes."""

    def __init__(self, client: Client, victim_id: int) -> None:
        self.client, self.victim_id = client, victim_id

    def reads_from(self, place: Point) -> str | None:
        """Go somewhere, and return in which band the victim is; None: in none."""
        data(self.client.put("/users/me/place", json=place._asdict()))
        items = data(self.client.get("/nearby", query_string={"limit": 100}))["items"]
        return next((item["distance"] for item in items if item["person"]["id"] == self.victim_id), None)

    def finds_edge(self, start: Point, direction: float) -> Point:
        """Return where, in a direction, the victim leaves the first band: by halving, to some metres."""
        near, far = 0.0, 12.0
        while far - near > 0.01:
            middle = (near + far) / 2
            if self.reads_from(beyond(start, direction, middle)) == "within_2_km":
                near = middle
            else:
                far = middle
        return beyond(start, direction, near)


def fitting(edges: list[Point], start: Point) -> Point:
    """Return the point that is as nearly 2 km from all edges as can be."""
    best, step = start, 2.0
    cost = lambda point: sum((distance(point, edge) - 2) ** 2 for edge in edges)  # noqa: E731
    while step > 0.005:
        around = [beyond(best, direction * pi / 8, step) for direction in range(16)]
        nearest = min(around, key=cost)
        best, step = (nearest, step) if cost(nearest) < cost(best) else (best, step / 2)
    return best


@pytest.mark.parametrize("home", HOMES, ids=["city", "date line", "pole"])
def test_whoever_measures_a_home_from_three_points_errs_by_a_kilometre(
    unlimited: Flask, make: Factory, home: Point, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim, attacker = make.user(), make.user()
    move(victim, home)
    exactly(monkeypatch)  # the attacker's own place shall not be blurred from now on
    spy = Attacker(Client(unlimited, attacker.token), victim.user_id or 0)
    tries = random.Random(7)
    start = next(
        place
        for place in (beyond(home, tries.uniform(0, 2 * pi), tries.uniform(0, 4)) for _ in range(500))
        if spy.reads_from(place) == "within_2_km"
    )
    edges = [spy.finds_edge(start, direction * 2 * pi / 3) for direction in range(3)]
    measured = fitting(edges, start)
    assert max(abs(distance(measured, edge) - 2) for edge in edges) < 0.1, "he measured well"
    assert distance(measured, home) >= 1


def test_asking_again_and_again_from_home_tells_no_more_than_once(unlimited: Flask, make: Factory) -> None:
    victim = make.user()
    said = set()
    noise = random.Random(3)
    for _ in range(40):
        move(
            Client(unlimited, victim.token, victim.user_id), beyond(CENTRE, noise.uniform(0, 6), noise.uniform(0, 0.09))
        )
        [row] = make.execute(select(Location.latitude, Location.longitude).where(Location.user_id == victim.user_id))
        said.add(row)
    assert len(said) == 1


def test_bands_are_as_wide_as_the_blur() -> None:
    assert all(far - near >= 2 for near, far in EDGES.values())
