"""My place: what is kept of it, who may know, how it goes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from flask_api.nearby import circles, feeding
from flask_api.nearby.circles import PLACES, VERSIONS
from flask_api.nearby.models import FADES, Location
from flask_api.nearby.sphere import Point, distance
from flask_api.setting_kinds import Quota
from flask_api.settings import Settings
from flask_api.users.models import UserAuth
from tests.clients import Client, data, failure
from tests.conftest import start_app, stop_app
from tests.factories import Factory, at_once
from tests.jobs_run import run_jobs
from tests.nearby.town import CENTRE, away, ids, lose_places, move, nearby, settle

HOME = CENTRE._asdict()


def kept(make: Factory) -> list[Any]:
    return list(make.execute(select(Location.__table__)))


def test_place_is_kept_blurred_and_its_owner_is_told_when_it_was_set(make: Factory) -> None:
    me = make.user()
    told = data(me.put("/users/me/place", json=HOME))
    assert data(me.get("/users/me/place")) == told
    assert told.keys() == {"placed_at", "is_hidden"}
    assert told["is_hidden"] is False
    [row] = kept(make)
    assert 1 <= distance(CENTRE, Point(row.latitude, row.longitude)) <= 2.8


def test_nobody_knows_where_a_newcomer_is(make: Factory) -> None:
    me = make.user()
    assert data(me.get("/users/me/place")) == {"placed_at": None, "is_hidden": False}
    assert failure(me.get("/nearby")) == (409, "PLACE_MISSING")


@pytest.mark.parametrize(
    "sent",
    [
        {"latitude": 90.0001, "longitude": 0},
        {"latitude": -91, "longitude": 0},
        {"latitude": 0, "longitude": 180.5},
        {"latitude": 0, "longitude": -181},
        {"latitude": 0},
        {"latitude": "31", "longitude": 121},
        {"latitude": None, "longitude": 121},
        {"latitude": True, "longitude": 121},
        {"latitude": 31, "longitude": 121, "user_id": 1},
        {"latitude": 1e400, "longitude": 121},
        {},
    ],
)
def test_impossible_place_is_refused_and_nothing_is_stored(make: Factory, sent: dict[str, Any]) -> None:
    me = make.user()
    assert me.put("/users/me/place", json=sent).status_code == 400
    assert kept(make) == []


def test_moving_too_often_is_429_and_the_place_stays(app: Flask, settings: Settings, make: Factory) -> None:
    me = make.user()
    limited = start_app(settings.model_copy(update={"limit_moves_per_user": Quota(2, 3600)}))
    mover = Client(limited, me.token, me.user_id)
    answers = [mover.put("/users/me/place", json=away(10 * n)._asdict()) for n in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert '"moves";q=2;w=3600' in answers[2].headers["RateLimit-Policy"]
    [row] = kept(make)
    assert distance(away(10), Point(row.latitude, row.longitude)) < 3
    stop_app(limited)


def test_hidden_people_are_found_by_nobody_and_may_look_themselves(make: Factory) -> None:
    me, other = make.user(), make.user()
    move(me, CENTRE)
    move(other, CENTRE)
    assert ids(me) == [other.user_id]
    assert data(other.patch("/users/me/place", json={"is_hidden": True}))["is_hidden"] is True
    assert ids(me) == [], "before Redis was told"
    run_jobs(me.app)
    assert ids(me) == []
    assert ids(other) == [me.user_id]
    other.patch("/users/me/place", json={"is_hidden": False})
    run_jobs(me.app)
    assert ids(me) == [other.user_id]


def test_hiding_lasts_while_moving_and_after_the_place_was_deleted(make: Factory) -> None:
    me, other = make.user(), make.user()
    move(me, CENTRE)
    other.patch("/users/me/place", json={"is_hidden": True})
    assert move(other, CENTRE)["is_hidden"] is True
    other.delete("/users/me/place")
    assert move(other, CENTRE)["is_hidden"] is True
    assert ids(me) == []


def test_deleted_place_is_gone_from_table_and_redis(app: Flask, make: Factory) -> None:
    me = make.user()
    move(me, CENTRE)
    assert app.extensions["redis"].zcard(PLACES) == 1
    assert me.delete("/users/me/place").status_code == 200
    run_jobs(app)
    [row] = kept(make)
    assert (row.latitude, row.longitude, row.placed_at) == (None, None, None)
    assert app.extensions["redis"].zcard(PLACES) == 0
    assert failure(me.get("/nearby")) == (409, "PLACE_MISSING")


def test_place_goes_with_the_account(app: Flask, make: Factory) -> None:
    me, other = make.user(), make.user()
    move(me, CENTRE)
    move(other, CENTRE)
    make.execute(delete(UserAuth).where(UserAuth.id == other.user_id))
    assert ids(me) == []
    with app.app_context():
        feeding.feed.now(user_ids=[other.user_id])
    assert app.extensions["redis"].zrange(PLACES, 0, -1) == [str(me.user_id).encode()]


def test_place_older_than_thirty_days_counts_no_more_and_is_forgotten(app: Flask, make: Factory) -> None:
    me, other, third = make.user(), make.user(), make.user()
    for person in (me, other, third):
        move(person, CENTRE)
    old = datetime.now(UTC) - FADES - timedelta(minutes=1)
    make.execute(update(Location).where(Location.user_id == other.user_id).values(placed_at=old))
    assert ids(me) == [third.user_id]
    assert failure(other.get("/nearby")) == (409, "PLACE_MISSING")
    with app.app_context():
        feeding.forget_old_places.now()
    run_jobs(app)
    assert [row.latitude is None for row in kept(make)] == [False, True, False]
    assert app.extensions["redis"].zcard(PLACES) == 2


def test_saying_again_where_i_am_brings_a_faded_place_back(app: Flask, make: Factory) -> None:
    me, other = make.user(), make.user()
    move(me, CENTRE)
    move(other, CENTRE)
    old = datetime.now(UTC) - FADES - timedelta(minutes=1)
    make.execute(update(Location).where(Location.user_id == other.user_id).values(placed_at=old))
    lose_places(app)
    assert ids(me) == []
    move(other, CENTRE)
    assert ids(me) == [other.user_id]


def test_versions_in_redis_are_forgotten_after_an_hour(app: Flask, make: Factory) -> None:
    me = make.user()
    move(me, CENTRE)
    redis = app.extensions["redis"]
    with app.app_context():
        feeding.forget_old_places.now()
        assert redis.zcard(VERSIONS) == 1
        redis.zadd(VERSIONS, {str(me.user_id): (datetime.now(UTC) - timedelta(hours=2)).timestamp() * 1e6})
        feeding.forget_old_places.now()
        assert redis.zcard(VERSIONS) == 0


def test_versions_are_forgotten_in_portions(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A million at once would keep Redis from all others for a second."""
    monkeypatch.setattr(circles, "PORTION", 2)
    redis = app.extensions["redis"]
    redis.zadd(VERSIONS, {str(n): n for n in range(5)})
    redis.config_resetstat()
    with app.app_context():
        circles.forget_versions()
    assert redis.zcard(VERSIONS) == 0
    assert redis.info("commandstats")["cmdstat_zrem"]["calls"] == 3


def test_rebuild_keeps_no_versions_of_places_that_are_old(app: Flask, make: Factory) -> None:
    old, new = make.user(), make.user()
    settle(make, old, updated_at=datetime.now(UTC) - timedelta(hours=2))
    settle(make, new)
    with app.app_context():
        feeding.rebuild()
    assert app.extensions["redis"].zrange(VERSIONS, 0, -1) == [str(new.user_id).encode()]
    assert app.extensions["redis"].zcard(PLACES) == 2


def test_many_moves_at_once_leave_one_row_and_redis_where_the_table_is(app: Flask, make: Factory) -> None:
    me = make.user()
    moves = [lambda n=n: me.put("/users/me/place", json=away(10 * n)._asdict()) for n in range(12)]
    assert {answer.status_code for answer in at_once(moves)} == {200}
    at_once([lambda: run_jobs(app)] * 4)
    [row] = kept(make)
    [(longitude, latitude)] = app.extensions["redis"].geopos(PLACES, str(me.user_id))
    assert distance(Point(row.latitude, row.longitude), Point(latitude, longitude)) < 0.01


def test_deleting_what_is_not_there_writes_nothing(app: Flask, make: Factory) -> None:
    me = make.user()
    assert me.delete("/users/me/place").status_code == 200
    assert me.patch("/users/me/place", json={"is_hidden": False}).status_code == 200
    assert kept(make) == []
    move(me, CENTRE)
    for _ in range(3):
        assert me.delete("/users/me/place").status_code == 200
    assert run_jobs(app) == 1


def test_showing_oneself_again_counts_as_a_move_and_hiding_is_always_possible(
    settings: Settings, make: Factory, app: Flask
) -> None:
    me = make.user()
    limited = start_app(settings.model_copy(update={"limit_moves_per_user": Quota(2, 3600)}))
    mover = Client(limited, me.token, me.user_id)
    answers = [mover.patch("/users/me/place", json={"is_hidden": n % 2 == 0}).status_code for n in range(7)]
    assert answers == [200, 200, 200, 200, 200, 429, 200]
    assert data(mover.get("/users/me/place"))["is_hidden"] is True
    stop_app(limited)


def test_export_has_my_place_no_nearer_than_others_learn_it(make: Factory) -> None:
    me = make.user()
    move(me, CENTRE)
    exported = data(me.get("/auth/account/export"))["data"]["place"]
    [row] = kept(make)
    assert exported.keys() == {"place", "placed_at", "is_hidden"}
    told = Point(**exported["place"])
    assert told == pytest.approx((row.latitude, row.longitude), abs=0.026)
    assert [degrees * 20 for degrees in told] == pytest.approx([round(degrees * 20) for degrees in told])


def test_others_distance_is_on_no_page_when_one_of_the_two_has_no_place(app: Flask, make: Factory) -> None:
    me, other = make.user(), make.user()
    settle(make, other)
    assert failure(me.get("/nearby")) == (409, "PLACE_MISSING")
    settle(make, me, away(3))
    assert nearby(me) == [(other.user_id, "2_5_km")]
