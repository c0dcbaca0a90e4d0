"""A town for the tests: people who are somewhere, and what is said of them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert

from flask_api.nearby import places
from flask_api.nearby.models import Location
from flask_api.nearby.sphere import Point, beyond
from tests.clients import Client, data
from tests.factories import Factory
from tests.jobs_run import run_jobs

CENTRE = Point(31.2304, 121.4737)


def settle(make: Factory, person: Client, place: Point = CENTRE, **columns: Any) -> Client:
    """Put somebody exactly somewhere, as no request can, before Redis knows of anybody."""
    row = {"latitude": place.latitude, "longitude": place.longitude, "placed_at": datetime.now(UTC)}
    settled = {"user_id": person.user_id, "is_hidden": False, "updated_at": datetime.now(UTC), **row, **columns}
    make.execute(insert(Location).values(**settled))
    return person


def away(km: float, direction: float = 1.0, start: Point = CENTRE) -> Point:
    """A place so far from the centre."""
    return beyond(start, direction, km)


def move(person: Client, place: Point) -> dict[str, Any]:
    """Have somebody say where they are, and Redis be told."""
    moved: dict[str, Any] = data(person.put("/users/me/place", json=place._asdict()))
    run_jobs(person.app)
    return moved


def nearby(viewer: Client, **query: Any) -> list[tuple[int | None, str]]:
    """Who is near, and in which band, whole list; Redis is told all places first if it was emptied."""
    if viewer.get("/nearby").status_code == 503:
        run_jobs(viewer.app)
    found, cursor = [], None
    while True:
        page = data(viewer.get("/nearby", query_string={**query, **({"cursor": cursor} if cursor else {})}))
        found += [(item["person"]["id"], item["distance"]) for item in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            return found


def ids(viewer: Client, **query: Any) -> list[int | None]:
    return [user_id for user_id, _ in nearby(viewer, **query)]


def lose_places(app: Flask) -> None:
    """Empty Redis of all that it keeps of places; logins stay, or the tests could not go on."""
    redis = app.extensions["redis"]
    redis.delete(*redis.keys("geo:*"), "nothing")


def exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave places as they are told, so that a test can say what is found where."""
    monkeypatch.setattr(places, "displaced", lambda _user_id, place, _known: place)
