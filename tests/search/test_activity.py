"""When people were last here, and whether they are."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from flask_api.core import redis_keys
from flask_api.core.database import now
from flask_api.core.job_runner import known
from flask_api.search import activity
from flask_api.users.models import UserAuth, UserInfo
from tests.clients import Client
from tests.factories import Factory

LONG_AGO = now() - timedelta(days=30)
INFO: Any = UserInfo.__table__


def row_of(make: Factory, client: Client) -> Any:
    return make.execute(select(INFO).where(INFO.c.user_id == client.user_id))[0]


def let_be_long_ago(make: Factory, client: Client) -> None:
    make.app.extensions["redis"].delete(redis_keys.active())
    gone = update(INFO).where(INFO.c.user_id == client.user_id)
    make.execute(gone.values(active_at=LONG_AGO, updated_at=LONG_AGO))


def store(app: Flask) -> None:
    with app.app_context():
        activity.store_activity.now()


def is_recent(moment: datetime) -> bool:
    return now() - moment < timedelta(minutes=1)


def test_use_keeps_its_user_active_but_notes_it_now_and_then_and_leaves_the_profile_unchanged(
    app: Flask, make: Factory
) -> None:
    me = make.user()
    me.get("/users/me")
    let_be_long_ago(make, me)
    me.get("/users/me")
    store(app)
    assert row_of(make, me).active_at == LONG_AGO, "Redis has the caller"
    app.extensions["redis"].delete(redis_keys.caller(me.user_id or 0))
    me.get("/users/me")
    assert row_of(make, me).active_at == LONG_AGO
    store(app)
    assert is_recent(row_of(make, me).active_at)
    assert row_of(make, me).updated_at == LONG_AGO
    assert app.extensions["redis"].zcard(redis_keys.active()) == 0


def test_login_is_activity(app: Flask, make: Factory) -> None:
    phone = make.phone()
    me = make.user(phone)
    let_be_long_ago(make, me)
    Client(app).log_in(phone)
    store(app)
    assert is_recent(row_of(make, me).active_at)


def test_more_than_one_batch_is_stored_and_an_older_note_takes_nothing_back(
    app: Flask, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity, "BATCH", 2)
    people = [make.user() for _ in range(5)]
    for person in people[1:]:
        let_be_long_ago(make, person)
    before = row_of(make, people[0]).active_at
    old = int(LONG_AGO.timestamp()) + 60
    notes = {str(person.user_id): old for person in people} | {"999": old}
    app.extensions["redis"].zadd(redis_keys.active(), notes)
    store(app)
    assert row_of(make, people[0]).active_at == before
    assert {int(row_of(make, person).active_at.timestamp()) for person in people[1:]} == {old}
    assert app.extensions["redis"].zcard(redis_keys.active()) == 0


def test_note_that_comes_while_one_is_stored_is_not_lost(
    app: Flask, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    me, redis = make.user(), app.extensions["redis"]
    let_be_long_ago(make, me)
    redis.zadd(redis_keys.active(), {str(me.user_id): 1_000_000_000})
    stored = activity._update
    later = int(now().timestamp())

    def interrupted(moments: dict[int, datetime]) -> None:
        stored(moments)
        redis.zadd(redis_keys.active(), {str(me.user_id): later})

    monkeypatch.setattr(activity, "_update", interrupted)
    with app.app_context():
        assert not activity._store_some()
    assert redis.zscore(redis_keys.active(), str(me.user_id)) == later


def test_whom_the_release_before_banned_is_hidden_and_whom_it_let_in_is_shown(
    app: Flask, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity, "STRIDE", 2)
    people = [make.user() for _ in range(5)]
    for person, status, is_active in (
        (people[1], "banned", True),
        (people[2], "leaving", True),
        (people[4], "active", False),
    ):
        make.execute(update(UserAuth.__table__).where(UserAuth.id == person.user_id).values(status=status))
        make.execute(update(INFO).where(INFO.c.user_id == person.user_id).values(is_active=is_active))
    with app.app_context():
        activity.hide_who_left.now()
        assert [row_of(make, person).is_active for person in people] == [True, False, False, True, False]
        activity.show_who_came_back.now()
        assert [row_of(make, person).is_active for person in people] == [True, False, False, True, True]


def test_jobs_come_round(app: Flask) -> None:
    assert {known[f"search.activity.{name}"].every for name in ("store_activity", "hide_who_left")} == {60, 600}
    assert known["search.activity.show_who_came_back"].every == 86400
