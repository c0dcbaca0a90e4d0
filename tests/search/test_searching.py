"""What each filter of the search lets through, and in which order."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from flask_api.core.database import now
from flask_api.nearby.models import Location
from flask_api.people.models import UserBlock
from flask_api.users.models import UserInfo
from tests.clients import Client, data, failure
from tests.factories import Factory
from tests.labels.test_picking_labels import new_label
from tests.search.crowd import all_found, born, found, person

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def me(make: Factory) -> Client:
    return make.user()


def test_latest_activity_comes_first_and_pages_follow_each_other(make: Factory, me: Client) -> None:
    people = [person(make, ago=number * HOUR) for number in range(1, 8)]
    assert found(me) == people
    assert all_found(me, limit=3) == people
    assert all_found(me, limit=7) == people


def test_newest_members_come_first_when_asked_for(make: Factory, me: Client) -> None:
    people = [person(make, ago=number * HOUR) for number in range(7)]
    assert all_found(me, order="new", limit=2) == people[::-1]


def test_people_who_were_here_at_the_same_moment_are_each_shown_once(make: Factory, me: Client) -> None:
    moment = now()
    ids = [person(make, ago=HOUR) for _ in range(5)]
    make.execute(update(UserInfo.__table__).where(UserInfo.user_id.in_(ids)).values(active_at=moment))
    assert all_found(me, limit=2) == sorted(ids, reverse=True)


def test_cards_tell_what_lists_tell(make: Factory, me: Client) -> None:
    user_id = person(make, gender="female", birthday=born(28), height_cm=172, education="bachelor", nickname="Lin")
    [item] = data(me.get("/search/people"))["items"]
    assert item == {
        "person": {
            "id": user_id, "nickname": "Lin", "gender": "female", "age": 28, "avatar": None, "height_cm": 172,
            "education": "bachelor", "active": "today",
        }
    }  # fmt: skip


def test_age_includes_both_ends_to_the_day(make: Factory, me: Client) -> None:
    today_25, almost_36 = person(make, birthday=born(25)), person(make, birthday=born(36, days=-1))
    for out in (born(25, days=-1), born(36), None):
        person(make, birthday=out)
    assert set(found(me, age_min=25, age_max=35)) == {today_25, almost_36}


def test_each_filter_leaves_out_others_and_those_who_do_not_tell(make: Factory, me: Client) -> None:
    told = {"gender": "male", "height_cm": 180, "education": "college", "salary": "5k_8k"}
    person(make, **dict.fromkeys(told))
    other = person(make, gender="female", height_cm=160, education="primary", salary="under_3k")
    third = person(make, gender="other", height_cm=200, education="postgraduate", salary="over_20k")
    one = person(make, **told)
    assert found(me, gender="male") == [one]
    assert found(me, height_min=180, height_max=180) == [one]
    assert set(found(me, height_min=180)) == {one, third}
    assert set(found(me, height_max=180)) == {one, other}
    assert set(found(me, education="college,primary")) == {one, other}
    assert set(found(me, salary="over_20k,5k_8k")) == {one, third}
    assert found(me, salary="over_20k,5k_8k", education="college,primary", gender="male", height_min=150) == [one]


def test_all_of_up_to_three_labels_must_be_there(make: Factory, me: Client) -> None:
    admin = make.admin()
    first, second = new_label(admin, "A"), new_label(admin, "B")
    both, one = make.user(), make.user()
    both.put("/users/me/labels", json={"label_ids": [first, second]})
    one.put("/users/me/labels", json={"label_ids": [first]})
    assert set(found(me, label_id=first)) == {both.user_id, one.user_id}
    assert found(me, label_id=f"{first},{second}") == [both.user_id]
    admin.patch(f"/labels/{second}", json={"is_active": False})
    assert found(me, label_id=f"{first},{second}") == []
    assert failure(me.get("/search/people?label_id=1,2,3,4")) == (400, "INVALID_FIELD")


@pytest.mark.parametrize("order", ["active", "new"])
def test_activity_and_newness_end_the_list_at_their_bound(make: Factory, me: Client, order: str) -> None:
    old = now() - 30 * DAY
    gone = person(make, ago=8 * DAY, came=old)
    week = person(make, ago=6 * DAY, came=old)
    fresh = person(make, ago=23 * HOUR, came=now() - 6 * DAY)
    assert all_found(me, order=order, active="today", limit=1) == [fresh]
    assert set(all_found(me, order=order, active="this_week", limit=1)) == {week, fresh}
    assert all_found(me, order=order, is_new="true", limit=1) == [fresh]
    assert set(all_found(me, order=order, limit=1)) == {gone, week, fresh}


def test_mutual_are_those_who_look_for_somebody_like_me(make: Factory, me: Client) -> None:
    anybody = person(make)
    fits = person(make, seeks_gender="male", seeks_age_min=30, seeks_age_max=30)
    for wish in ({"seeks_gender": "female"}, {"seeks_age_min": 31}, {"seeks_age_max": 29}):
        person(make, **wish)
    assert found(me, is_mutual="true") == [anybody], "of whom nothing is known"
    me.patch("/users/me", json={"gender": "male", "birthday": born(30).isoformat()})
    assert set(found(me, is_mutual="true")) == {anybody, fits}
    assert set(found(me, is_mutual="true")) == {anybody, fits}, "from what Redis keeps, too"


def test_nobody_finds_himself_the_hidden_the_banned_or_the_blocked(make: Factory, me: Client) -> None:
    person(make, visibility="nobody")
    person(make, visibility="liked")
    person(make, status="banned")
    person(make, status="leaving")
    blocked, blocker, shown = person(make), person(make), person(make)
    make.execute(insert(UserBlock).values(blocker_id=me.user_id, blocked_id=blocked))
    make.execute(insert(UserBlock).values(blocker_id=blocker, blocked_id=me.user_id))
    for order in ("active", "new"):
        assert found(me, order=order) == [shown]


def test_distance_is_from_my_place_to_theirs_and_leaves_out_who_hides_or_tells_none(make: Factory, me: Client) -> None:
    assert failure(me.get("/search/people?distance_km=2")) == (409, "PLACE_MISSING")
    ids = [person(make) for _ in range(5)]
    me_place = {"user_id": me.user_id, "latitude": 31.2, "longitude": 121.4, "placed_at": now()}
    near = {"latitude": 31.21, "longitude": 121.41, "placed_at": now()}  # 1.5 km
    far = {"latitude": 31.2, "longitude": 121.53, "placed_at": now()}  # 12 km
    places = [me_place, {"user_id": ids[0], **near}, {"user_id": ids[1], **far}]
    places += [
        {"user_id": ids[2], **near, "is_hidden": True},
        {"user_id": ids[3], **near, "placed_at": now() - 31 * DAY},
    ]
    for place in places:
        make.execute(insert(Location).values(place))
    assert found(me, distance_km="2") == [ids[0]]
    assert set(found(me, distance_km="20")) == {ids[0], ids[1]}
    assert failure(me.get("/search/people?distance_km=3")) == (400, "INVALID_FIELD")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"age_min": 17}, "age_min"),
        ({"age_min": 40, "age_max": 30}, "age_min"),
        ({"height_min": 200, "height_max": 190}, "height_min"),
        ({"education": "college,none"}, "education.1"),
        ({"education": "college,college"}, "education"),
        ({"education": ""}, "education.0"),
        ({"label_id": "1,x"}, "label_id.1"),
        ({"order": "random"}, "order"),
        ({"active": "ever"}, "active"),
        ({"is_new": "1"}, "is_new"),
    ],
)
def test_impossible_filters_are_refused_by_name(me: Client, query: dict[str, object], field: str) -> None:
    answer = me.get("/search/people", query_string=query)
    assert failure(answer) == (400, "INVALID_FIELD")
    assert answer.get_json()["field"] == field


def test_cursor_of_the_other_order_is_refused(make: Factory, me: Client) -> None:
    for _ in range(2):
        person(make)
    cursor = data(me.get("/search/people?limit=1"))["next_cursor"]
    assert failure(me.get(f"/search/people?order=new&cursor={cursor}")) == (400, "BAD_CURSOR")
    assert failure(me.get(f"/search/people?cursor={cursor[:-4]}AAAA")) == (400, "BAD_CURSOR")
