"""Liking people: what it does, what it shows, what it refuses."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select

from flask_api.hot import scores
from flask_api.people.models import UserLike, UserMatch
from flask_api.setting_kinds import Quota
from flask_api.settings import Settings
from flask_api.vip.models import Entitlement
from tests.clients import Client, data, failure
from tests.conftest import start_app, stop_app
from tests.factories import Factory, at_once

NOBODY = (404, "USER_NOT_FOUND")


def like(me: Client, whom: Client) -> Any:
    return data(me.put(f"/likes/{whom.user_id}"))


def people(me: Client, path: str = "/likes") -> list[int]:
    return [item["person"]["id"] for item in data(me.get(path))["items"]]


def rows(make: Factory) -> int:
    return len(make.execute(select(UserLike.id))) + len(make.execute(select(UserMatch.id)))


def entitle(make: Factory, me: Client) -> None:
    until = datetime.now(UTC) + timedelta(days=1)
    make.execute(insert(Entitlement).values(user_id=me.user_id, name="likes_received", until=until))


def test_people_i_like_are_listed_to_me_newest_first_and_to_nobody_else(make: Factory) -> None:
    me, first, second = make.user(), make.user(nickname="Lin"), make.user()
    assert like(me, first) == {"liked": True, "is_match": False}
    like(me, second)
    assert people(me) == [second.user_id, first.user_id]
    assert data(me.get("/likes"))["items"][1]["person"]["nickname"] == "Lin"
    assert people(first) == people(second) == []


def test_liking_twice_is_liking_once(make: Factory) -> None:
    me, other = make.user(), make.user()
    assert like(me, other) == like(me, other)
    assert rows(make) == 1


def test_pages_of_likes_go_on_where_the_one_before_ended(make: Factory) -> None:
    me, others = make.user(), [make.user() for _ in range(5)]
    for other in others:
        like(me, other)
    found, cursor = [], None
    for _ in range(3):
        page = data(me.get("/likes", query_string={"limit": 2} | ({"cursor": cursor} if cursor else {})))
        found += [item["person"]["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert found == [other.user_id for other in reversed(others)]
    assert cursor is None


def test_page_is_filled_past_people_who_are_hidden_now(make: Factory) -> None:
    me, others = make.user(), [make.user() for _ in range(7)]
    for other in others:
        like(me, other)
    for other in others[2:]:
        other.patch("/users/me", json={"visibility": "nobody"})
    page = data(me.get("/likes?limit=2"))
    assert [item["person"]["id"] for item in page["items"]] == [others[1].user_id, others[0].user_id]
    assert page["next_cursor"] is None


def test_list_of_hidden_people_ends(make: Factory) -> None:
    """A page that looked at enough of them says where it goes on."""
    me, others = make.user(), [make.user() for _ in range(12)]
    for other in others:
        like(me, other)
        other.patch("/users/me", json={"visibility": "nobody"})
    pages, cursor = 0, ""
    while cursor is not None:
        page = data(me.get("/likes", query_string={"limit": 1} | ({"cursor": cursor} if cursor else {})))
        assert page["items"] == []
        pages, cursor = pages + 1, page["next_cursor"]
    assert pages == 2


def test_cursor_of_another_list_or_tampered_with_is_refused(make: Factory) -> None:
    me, others = make.user(), [make.user() for _ in range(2)]
    for other in others:
        like(me, other)
    cursor = data(me.get("/likes?limit=1"))["next_cursor"]
    for path in ("/likes/received", "/matches", "/blocks"):
        assert failure(me.get(path, query_string={"cursor": cursor})) == (400, "BAD_CURSOR")
    assert failure(me.get("/likes", query_string={"cursor": f"A{cursor[1:]}x"})) == (400, "BAD_CURSOR")


@pytest.mark.parametrize("way", ["blocks me", "is blocked", "hidden", "for those they like", "banned", "leaving"])
def test_whom_i_may_not_know_of_i_cannot_like_and_nothing_is_stored(make: Factory, way: str) -> None:
    me, other = make.user(), make.user()
    if way == "blocks me":
        other.put(f"/blocks/{me.user_id}")
    elif way == "is blocked":
        me.put(f"/blocks/{other.user_id}")
    elif way in ("hidden", "for those they like"):
        other.patch("/users/me", json={"visibility": "nobody" if way == "hidden" else "liked"})
    elif way == "banned":
        make.admin().put(f"/admin/users/{other.user_id}/ban")
    else:
        other.delete("/auth/account")
    answer = me.put(f"/likes/{other.user_id}")
    assert failure(answer) == NOBODY
    missing = me.put("/likes/999999")
    assert {**answer.get_json(), "request_id": ""} == {**missing.get_json(), "request_id": ""}
    assert rows(make) == 0


def test_who_likes_me_shows_me_a_profile_for_those_they_like_and_i_can_like_back(make: Factory) -> None:
    me, other = make.user(), make.user()
    other.patch("/users/me", json={"visibility": "liked"})
    like(other, me)
    assert like(me, other) == {"liked": True, "is_match": True}


def test_nobody_likes_himself(make: Factory) -> None:
    me = make.user()
    assert failure(me.put(f"/likes/{me.user_id}")) == (400, "NOT_YOURSELF")
    assert rows(make) == 0


def test_without_the_entitlement_likes_received_are_counted_and_blurred(make: Factory) -> None:
    me, other = make.user(), make.user(nickname="Lin")
    like(other, me)
    answer = me.get("/likes/received")
    today = datetime.now(UTC).date().isoformat()
    assert data(answer) == {
        "count": 1,
        "shows_who": False,
        "items": [{"person": None, "day": today}],
        "next_cursor": None,
    }
    assert "Lin" not in answer.get_data(as_text=True)


def test_with_the_entitlement_they_are_shown(make: Factory) -> None:
    me, other = make.user(), make.user(nickname="Lin")
    entitle(make, me)
    like(other, me)
    found = data(me.get("/likes/received"))
    assert (found["count"], found["shows_who"]) == (1, True)
    assert found["items"][0]["person"]["nickname"] == "Lin"


def test_hidden_people_are_not_counted_among_likes_received(make: Factory) -> None:
    me, hidden, other = make.user(), make.user(), make.user()
    like(hidden, me)
    like(other, me)
    hidden.patch("/users/me", json={"visibility": "nobody"})
    found = data(me.get("/likes/received"))
    assert (found["count"], len(found["items"])) == (1, 1)


def test_count_of_likes_received_stops_at_999(make: Factory) -> None:
    me = make.user()
    ids = range(1000, 2005)
    auth, info, liking = (model.__table__ for model in (*accounts(), UserLike))
    make.execute(insert(auth).values([{"id": n, "phone": f"+8615{n:09d}"} | AUTH for n in ids]))
    make.execute(insert(info).values([{"user_id": n, "nickname": f"P{n}"} | INFO for n in ids]))
    moment = datetime.now(UTC)
    likes = [{"liker_id": n, "liked_id": me.user_id, "created_at": moment} for n in ids]
    make.execute(insert(liking).values(likes[:998]))
    assert data(me.get("/likes/received"))["count"] == data(me.get("/users/me/badges"))["likes"] == 998
    make.execute(insert(liking).values(likes[998:]))
    assert data(me.get("/likes/received"))["count"] == data(me.get("/users/me/badges"))["likes"] == 999


MOMENT = datetime(2026, 11, 21, tzinfo=UTC)
AUTH = {"role": "user", "status": "active", "token_generation": 0, "created_at": MOMENT}
INFO = {"visibility": "everyone", "bio": "", "is_active": True, "active_at": MOMENT, "updated_at": MOMENT}


def accounts() -> tuple[Any, Any]:
    from flask_api.users.models import UserAuth, UserInfo

    return UserAuth, UserInfo


def test_likes_of_a_day_are_limited_and_what_is_no_new_like_does_not_count(settings: Settings) -> None:
    app = start_app(settings.model_copy(update={"limit_likes_per_user": Quota(2, 86400)}))
    app.extensions["redis"].flushall()
    make = Factory(app)
    me, one, two, three = (make.user() for _ in range(4))
    for _ in range(3):
        like(me, one)
        assert failure(me.put("/likes/999999")) == NOBODY
    answer = me.put(f"/likes/{two.user_id}")
    assert '"likes";r=0' in answer.headers["RateLimit"]
    refused = me.put(f"/likes/{three.user_id}")
    assert failure(refused) == (429, "TOO_MANY_LIKES")
    assert int(refused.headers["Retry-After"]) > 86000
    me.delete(f"/likes/{one.user_id}")
    assert failure(me.put(f"/likes/{one.user_id}")) == (429, "TOO_MANY_LIKES")
    assert like(one, me)["liked"]
    stop_app(app)


def test_same_like_many_times_at_once_is_one_like_and_counts_once(make: Factory, app: Flask) -> None:
    me, other = make.user(), make.user()
    codes = at_once([lambda: me.put(f"/likes/{other.user_id}").status_code] * 16)
    assert codes == [200] * 16
    assert rows(make) == 1
    assert app.extensions["redis"].get(f"limit:{{{me.user_id}}}:likes") == b"1"


def test_new_like_warms_the_one_who_is_liked_once(make: Factory, app: Flask) -> None:
    me, other = make.user(), make.user()
    like(me, other)
    like(me, other)
    score = app.extensions["redis"].zscore(scores.SCORES, str(other.user_id))
    assert score is not None
    assert score == pytest.approx(scores.exponent(scores.LIKE, datetime.now(UTC).timestamp()), abs=0.01)
    assert app.extensions["redis"].zscore(scores.SCORES, str(me.user_id)) is None


def test_export_has_the_likes_i_gave_and_not_who_likes_me(make: Factory) -> None:
    me, mine, theirs = make.user(), make.user(), make.user()
    like(me, mine)
    like(theirs, me)
    exported = data(me.get("/auth/account/export"))["data"]["likes"]
    assert [one["user_id"] for one in exported] == [mine.user_id]
