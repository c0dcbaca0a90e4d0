"""The hot list: whom it shows to whom, and how it comes back when Redis was emptied."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from flask_api.accounts.leaving import erase_expired
from flask_api.core.job_rows import Job
from flask_api.core.remaking import Lost
from flask_api.hot import feeding, scores
from flask_api.hot.scores import LIKE, MESSAGE, READY, SCORES, VISIT, exponent
from flask_api.people.models import UserBlock, UserLike
from flask_api.users.models import UserAuth, UserInfo
from flask_api.users.services import change_profile
from flask_api.visitors.models import Visitor
from tests.clients import Client, data, failure
from tests.factories import Factory, at_once
from tests.jobs_run import run_jobs

NOW = datetime.now(UTC)


def hot(viewer: Client, **query: Any) -> list[int]:
    """Who is on the list, all of it."""
    found: list[int] = []
    cursor = None
    while True:
        page = data(viewer.get("/hot", query_string={**query, **({"cursor": cursor} if cursor else {})}))
        found += [item["person"]["id"] for item in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            return found


def note(app: Flask, *happened: tuple[Client, int]) -> None:
    with app.app_context():
        for person, weight in happened:
            scores.note(person.user_id or 0, weight)


def people(make: Factory, many: int) -> list[Client]:
    return [make.user() for _ in range(many)]


def change(make: Factory, person: Client, **profile: Any) -> None:
    make.execute(update(UserInfo).where(UserInfo.user_id == person.user_id).values(**profile))


def visit(make: Factory, host: Client, guest: Client, ago: timedelta = timedelta(0)) -> None:
    at = NOW - ago
    row = {"host_id": host.user_id, "visitor_id": guest.user_id, "day": at.date(), "visited_at": at}
    make.execute(insert(Visitor).values(**row))


def like(make: Factory, liker: Client, liked: Client, ago: timedelta = timedelta(0)) -> None:
    make.execute(insert(UserLike).values(liker_id=liker.user_id, liked_id=liked.user_id, created_at=NOW - ago))


def lose_list(app: Flask) -> None:
    redis = app.extensions["redis"]
    redis.delete(*redis.keys("hot:*"), "nothing")


def test_whom_much_happens_to_comes_first(app: Flask, make: Factory) -> None:
    me, visited, written_to, liked, forgotten = people(make, 5)
    note(app, (visited, VISIT), (liked, LIKE), (written_to, MESSAGE), (visited, VISIT), (visited, VISIT))
    assert hot(me) == [liked.user_id, visited.user_id, written_to.user_id]
    assert forgotten.user_id not in hot(me)
    [item, *_] = data(me.get("/hot"))["items"]
    assert item.keys() == {"person"}


def test_nobody_meets_himself_on_the_list(app: Flask, make: Factory) -> None:
    me, other = people(make, 2)
    note(app, (me, LIKE), (other, VISIT))
    assert hot(me) == [other.user_id]


@pytest.mark.parametrize("profile", [{"is_active": False}, {"visibility": "nobody"}, {"visibility": "liked"}], ids=str)
def test_list_goes_through_the_one_predicate(app: Flask, make: Factory, profile: dict[str, Any]) -> None:
    me, other, third = people(make, 3)
    note(app, (other, LIKE), (third, VISIT))
    change(make, other, **profile)
    assert hot(me) == [third.user_id]


def test_blocking_hides_both_ways(app: Flask, make: Factory) -> None:
    me, other, third = people(make, 3)
    note(app, (me, VISIT), (other, LIKE), (third, VISIT))
    make.execute(insert(UserBlock).values(blocker_id=other.user_id, blocked_id=me.user_id, created_at=NOW))
    assert hot(me) == [third.user_id]
    assert hot(other) == [third.user_id]


def test_list_has_whom_the_viewer_looks_for(app: Flask, make: Factory) -> None:
    me, *others = people(make, 5)
    for person, gender, age in zip(others, ("male", "female", "female", None), (20, 30, 40, 50), strict=True):
        change(make, person, gender=gender, birthday=date(NOW.year - age, 1, 1))
    note(app, *((person, LIKE) for person in others))
    ids = {person.user_id for person in others}
    for wishes, expected in (
        ({}, ids),
        ({"seeks_gender": "female"}, {others[1].user_id, others[2].user_id}),
        ({"seeks_gender": "female", "seeks_age_max": 35}, {others[1].user_id}),
        ({"seeks_gender": None, "seeks_age_min": 40, "seeks_age_max": None}, {others[2].user_id, others[3].user_id}),
    ):
        with app.app_context():
            change_profile(me.user_id or 0, **wishes)
        assert set(hot(me)) == expected


def test_pages_follow_each_other(app: Flask, make: Factory) -> None:
    me, *others = people(make, 12)
    with app.app_context():
        for hotness, person in enumerate(others):
            scores._note(person.user_id or 0, VISIT, NOW.timestamp() + hotness)
    assert hot(me, limit=5) == [person.user_id for person in reversed(others)]
    assert failure(me.get("/hot?cursor=AAAA")) == (400, "BAD_CURSOR")
    assert me.get("/hot?gender=female").status_code == 400


def test_list_is_for_those_who_are_logged_in(client: Client) -> None:
    assert failure(client.get("/hot")) == (401, "TOKEN_MISSING")


def test_emptied_redis_is_filled_from_visits_and_likes(app: Flask, make: Factory) -> None:
    me, visited, liked, faded, old = people(make, 5)
    for guest in (me, liked, old):
        visit(make, visited, guest)
    like(make, me, liked)
    like(make, me, faded, timedelta(days=8))
    like(make, me, old, timedelta(days=15))
    assert hot(me) == []
    run_jobs(app)
    assert hot(me) == [liked.user_id, visited.user_id, faded.user_id]


def test_made_anew_the_list_is_what_it_would_have_become(app: Flask, make: Factory) -> None:
    hosts, guests = people(make, 4), people(make, 3)
    redis = app.extensions["redis"]
    for place, host in enumerate(hosts):
        for guest in guests[: place + 1]:
            ago = timedelta(hours=7 * place)
            visit(make, host, guest, ago)
            like(make, guest, host, ago)
            with app.app_context():
                scores._note(host.user_id or 0, VISIT, (NOW - ago).timestamp())
                scores._note(host.user_id or 0, LIKE, (NOW - ago).timestamp())
    noted = redis.zrange(SCORES, 0, -1, withscores=True)
    lose_list(app)
    with app.app_context():
        feeding.rebuild()
    made = redis.zrange(SCORES, 0, -1, withscores=True)
    assert [user_id for user_id, _ in made] == [user_id for user_id, _ in noted]
    assert [score for _, score in made] == pytest.approx([score for _, score in noted], abs=1e-7)


def test_many_who_notice_at_once_have_it_made_once(make: Factory) -> None:
    me, other = people(make, 2)
    like(make, me, other)
    assert {answer.status_code for answer in at_once([lambda: me.get("/hot")] * 12)} == {200}
    assert [row.name for row in make.execute(select(Job.name))] == ["hot.feeding.remake"]


def test_what_happens_while_it_is_made_counts_once(app: Flask, make: Factory) -> None:
    """Visits are read first; by then a like has come, as a row and as what is noted of it."""
    me, other, third = people(make, 3)
    visit(make, other, me)

    def happen(_: int) -> None:
        if not make.execute(select(UserLike.id)):
            like(make, me, third)
            scores._note(third.user_id or 0, LIKE, NOW.timestamp())

    with app.app_context():
        feeding.rebuild(happen)
    assert app.extensions["redis"].zscore(SCORES, third.user_id) == pytest.approx(exponent(LIKE, NOW.timestamp()))
    assert hot(me) == [third.user_id, other.user_id]


def test_who_is_rare_is_found_behind_thousands_of_others(app: Flask, make: Factory) -> None:
    me, man = people(make, 2)
    change(make, man, gender="male")
    others = {str(1000 + number): 100 + number for number in range(1500)}  # nobody that this viewer may see
    redis = app.extensions["redis"]
    redis.zadd(SCORES, {**others, str(man.user_id): 1})
    redis.set(READY, 1)
    with app.app_context():
        change_profile(me.user_id or 0, seeks_gender="male")
    assert hot(me) == [man.user_id]


def test_undone_likes_count_no_more_once_it_is_made_anew(app: Flask, make: Factory) -> None:
    me, other, third = people(make, 3)
    note(app, (other, LIKE), (third, VISIT))
    visit(make, third, me)
    with app.app_context():
        feeding.rebuild()
    assert hot(me) == [third.user_id]


def test_emptied_again_while_it_is_made_it_is_not_taken_for_the_whole(app: Flask, make: Factory) -> None:
    me, other = people(make, 2)
    like(make, me, other)
    with app.app_context(), pytest.raises(Lost):
        feeding.rebuild(lambda _: lose_list(app))
    assert hot(me) == []
    run_jobs(app)
    assert hot(me) == [other.user_id]


def test_another_run_of_redis_gets_the_list_anew(app: Flask, make: Factory) -> None:
    me, other = people(make, 2)
    like(make, me, other)
    app.extensions["redis"].set(READY, "0" * 40)
    assert hot(me) == [], "nothing is missing, as far as the list knows"
    with app.app_context():
        feeding.remake.now()
    assert hot(me) == [other.user_id]


def test_who_is_erased_leaves_the_list(app: Flask, make: Factory) -> None:
    me = make.user()
    gone = make.user()
    note(app, (gone, LIKE), (me, VISIT))
    gone.delete("/auth/account")
    make.execute(update(UserAuth).where(UserAuth.id == gone.user_id).values(delete_after=NOW - timedelta(days=1)))
    with app.app_context():
        assert erase_expired() == 1
    assert app.extensions["redis"].zrange(SCORES, 0, -1) == [str(me.user_id).encode()]


def test_rows_of_two_weeks_are_read_and_no_older_ones(
    app: Flask, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    me, *others = people(make, 8)
    for days, person in enumerate(others):
        visit(make, person, me, timedelta(days=3 * (len(others) - days)))
    monkeypatch.setattr(feeding, "BATCH", 2)
    read: list[int] = []
    with app.app_context():
        feeding.rebuild(read.append)
    assert sum(read) == 4
    assert len(app.extensions["redis"].zrange(SCORES, 0, -1)) == 4
