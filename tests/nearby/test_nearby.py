"""Who is near: whom the list shows, in which order and band, and what it refuses."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, update

from flask_api.nearby import circles
from flask_api.nearby.circles import WIDEST, Shown
from flask_api.nearby.models import FADES
from flask_api.nearby.places import BANDS, CIRCLES, band_between
from flask_api.people.models import UserBlock, UserLike
from flask_api.users.models import UserInfo
from tests.clients import Client, data, failure
from tests.factories import Factory
from tests.nearby.town import away, ids, nearby, settle

KILOMETRES = (0.5, 1.9, 3, 7, 15, 30, 70, 99)
BY_DISTANCE = ["within_2_km", "within_2_km", *BANDS[1:6], "50_100_km"]


def change(make: Factory, person: Client, **profile: Any) -> None:
    make.execute(update(UserInfo).where(UserInfo.user_id == person.user_id).values(**profile))


def block(make: Factory, one: Client, other: Client) -> None:
    make.execute(insert(UserBlock).values(blocker_id=one.user_id, blocked_id=other.user_id, created_at=now()))


def now() -> datetime:
    return datetime.now(UTC)


def test_people_are_listed_the_nearest_first_with_bands_and_no_kilometres(make: Factory) -> None:
    me = settle(make, make.user())
    others = [settle(make, make.user(), away(km, km)) for km in reversed(KILOMETRES)]
    settle(make, make.user(), away(101))
    assert nearby(me) == list(zip([other.user_id for other in reversed(others)], BY_DISTANCE, strict=True))
    [item, *_] = data(me.get("/nearby"))["items"]
    assert item.keys() == {"person", "distance"}


def test_profiles_are_told_the_same_bands_as_the_list(app: Flask, make: Factory) -> None:
    me = settle(make, make.user())
    others = [settle(make, make.user(), away(km, km)) for km in (*KILOMETRES, 500)]
    with app.app_context():
        bands = [band_between(me.user_id or 0, other.user_id or 0) for other in others]
        assert bands == [*BY_DISTANCE, "over_100_km"]
        assert band_between(me.user_id or 0, me.user_id or 0) is None


@pytest.mark.parametrize(
    "columns",
    [
        {"is_hidden": True},
        {"latitude": None, "longitude": None, "placed_at": None},
        {"placed_at": now() - FADES - timedelta(minutes=1)},
    ],
)
def test_who_hides_or_was_long_not_here_is_neither_listed_nor_told_of(
    app: Flask, make: Factory, columns: dict[str, Any]
) -> None:
    me = settle(make, make.user())
    other = settle(make, make.user(), **columns)
    settle(make, make.user())
    assert other.user_id not in ids(me)
    assert len(ids(me)) == 1
    with app.app_context():
        assert band_between(me.user_id or 0, other.user_id or 0) is None


@pytest.mark.parametrize(
    ("profile", "are_shown"),
    [
        ({}, True),
        ({"is_active": False}, False),
        ({"visibility": "nobody"}, False),
        ({"visibility": "liked"}, False),
    ],
)
def test_list_goes_through_the_one_predicate(make: Factory, profile: dict[str, Any], are_shown: bool) -> None:
    me, other = settle(make, make.user()), settle(make, make.user())
    change(make, other, **profile)
    assert ids(me) == ([other.user_id] if are_shown else [])


def test_who_shows_himself_to_those_he_likes_is_near_to_them(make: Factory) -> None:
    me, other, third = (settle(make, make.user()) for _ in range(3))
    change(make, other, visibility="liked")
    make.execute(insert(UserLike).values(liker_id=other.user_id, liked_id=me.user_id, created_at=now()))
    assert sorted(ids(me), key=str) == sorted([other.user_id, third.user_id], key=str)
    assert ids(third) == [me.user_id]


def test_blocking_hides_both_ways(make: Factory) -> None:
    me, other, third = (settle(make, make.user()) for _ in range(3))
    block(make, me, other)
    block(make, third, me)
    assert (ids(me), ids(other), ids(third)) == ([], [third.user_id], [other.user_id])


def test_list_is_filtered_by_gender_and_age(make: Factory) -> None:
    me = settle(make, make.user())
    people = [settle(make, make.user(), away(0.1 * n)) for n in range(1, 5)]
    this_year = now().year
    for person, gender, age in zip(people, ("male", "female", "female", None), (20, 30, 40, 50), strict=True):
        change(make, person, gender=gender, birthday=date(this_year - age, 1, 1))
    listed = [person.user_id for person in people]
    assert ids(me, gender="female") == listed[1:3]
    assert ids(me, age_min=30, age_max=40) == listed[1:3]
    assert ids(me, age_min=31) == listed[2:]
    assert ids(me, age_max=39, gender="female") == [listed[1]]


def test_pages_follow_each_other_without_gap_or_repetition(make: Factory) -> None:
    me = settle(make, make.user())
    others = [settle(make, make.user(), away(0.9 * n, n)).user_id for n in range(1, 24)]
    assert ids(me, limit=5) == others
    assert ids(me, limit=1) == others


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": "AAAA"},
        {"limit": 0},
        {"limit": 101},
        {"gender": "none"},
        {"age_min": 17},
        {"age_max": 121},
        {"age_min": 40, "age_max": 30},
        {"latitude": 31},
        {"radius": 5},
    ],
)
def test_bad_query_is_refused(make: Factory, query: dict[str, Any]) -> None:
    me = settle(make, make.user())
    assert me.get("/nearby", query_string=query).status_code == 400


def test_cursor_of_another_list_is_refused(make: Factory) -> None:
    me = settle(make, make.user())
    for _ in range(2):
        make.post(me, make.category() if _ == 0 else 1)
    cursor = data(me.get("/blog/posts?limit=1"))["next_cursor"]
    assert failure(me.get("/nearby", query_string={"cursor": cursor})) == (400, "BAD_CURSOR")


def test_list_is_for_those_who_are_logged_in(client: Client) -> None:
    assert failure(client.get("/nearby")) == (401, "TOKEN_MISSING")


def test_widest_circle_is_the_last_band() -> None:
    assert CIRCLES[-1] == WIDEST


def test_who_is_rare_is_found_behind_thousands_who_are_nearer(app: Flask, make: Factory) -> None:
    me, rare = settle(make, make.user()), settle(make, make.user(), away(3))
    assert ids(me) == [rare.user_id]
    with app.app_context():
        for first in range(1000, 2500, 500):  # nobody that this viewer may see
            circles.put([Shown(first + n, away(1, n), now()) for n in range(500)])
    assert ids(me) == [rare.user_id]
