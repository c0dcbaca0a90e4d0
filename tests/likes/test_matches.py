"""Two people who like each other are one match, whatever comes at once."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from flask import Flask
from sqlalchemy import insert, select

from flask_api.core.database import WRITES
from flask_api.extensions import db
from flask_api.people.models import UserBlock, UserLike, UserMatch
from tests.clients import Client, data
from tests.factories import Factory, at_once

PAIRS = 50


def matches(me: Client) -> list[int]:
    return [item["person"]["id"] for item in data(me.get("/matches"))["items"]]


def sides(make: Factory) -> Counter[tuple[int, int]]:
    return Counter((row.user_id, row.other_id) for row in make.execute(select(UserMatch.user_id, UserMatch.other_id)))


def call(me: Client, method: str, kind: str, whom: Client) -> Callable[[], int]:
    return lambda: me.call(method, f"/{kind}/{whom.user_id}").status_code


def test_second_like_makes_the_match_and_both_see_it(make: Factory) -> None:
    me, other = make.user(), make.user()
    assert data(me.put(f"/likes/{other.user_id}"))["is_match"] is False
    assert matches(me) == matches(other) == []
    assert data(other.put(f"/likes/{me.user_id}"))["is_match"] is True
    assert matches(me) == [other.user_id]
    assert matches(other) == [me.user_id]
    assert data(me.put(f"/likes/{other.user_id}"))["is_match"] is True


def test_match_goes_with_either_like_and_comes_again_with_a_new_one(make: Factory) -> None:
    me, other = make.user(), make.user()
    for one, two in ((me, other), (other, me)):
        one.put(f"/likes/{two.user_id}")
        assert data(two.put(f"/likes/{one.user_id}"))["is_match"] is True
        two.delete(f"/likes/{one.user_id}")
        assert sides(make) == {}
        assert matches(me) == matches(other) == []


def test_block_takes_likes_and_match_away_on_both_sides_for_good(make: Factory) -> None:
    me, other, third = make.user(), make.user(), make.user()
    for one, two in ((me, other), (other, me), (me, third), (third, me)):
        one.put(f"/likes/{two.user_id}")
    me.put(f"/blocks/{other.user_id}")
    me.delete(f"/blocks/{other.user_id}")
    assert matches(me) == [third.user_id]
    assert matches(other) == []
    assert len(make.execute(select(UserLike.id))) == 2


def test_50_pairs_who_like_each_other_at_once_are_50_matches(make: Factory) -> None:
    pairs = [(make.user(), make.user()) for _ in range(PAIRS)]
    jobs = [call(one, "PUT", "likes", two) for pair in pairs for one, two in (pair, pair[::-1])]
    assert Counter(at_once(jobs)) == {200: 2 * PAIRS}
    ids = [(one.user_id, two.user_id) for one, two in pairs]
    assert sides(make) == Counter([*ids, *(pair[::-1] for pair in ids)])


def test_like_and_undoing_at_once_leave_a_match_only_where_both_like(make: Factory) -> None:
    pairs = [(make.user(), make.user()) for _ in range(16)]
    for one, two in pairs:
        one.put(f"/likes/{two.user_id}")
    jobs = [job for one, two in pairs for job in (call(one, "DELETE", "likes", two), call(two, "PUT", "likes", one))]
    assert Counter(at_once(jobs)) == {200: 32}
    assert sides(make) == {}
    assert len(make.execute(select(UserLike.id))) == 16


def test_both_undo_at_once_and_nothing_is_left(make: Factory) -> None:
    pairs = [(make.user(), make.user()) for _ in range(16)]
    for one, two in pairs:
        one.put(f"/likes/{two.user_id}")
        two.put(f"/likes/{one.user_id}")
    jobs = [call(one, "DELETE", "likes", two) for pair in pairs for one, two in (pair, pair[::-1])]
    assert Counter(at_once(jobs)) == {200: 32}
    assert sides(make) == {}
    assert make.execute(select(UserLike.id)) == []


def test_like_and_block_at_once_leave_the_block_and_no_like(make: Factory) -> None:
    pairs = [(make.user(), make.user()) for _ in range(24)]
    jobs = [job for one, two in pairs for job in (call(one, "PUT", "likes", two), call(two, "PUT", "blocks", one))]
    assert set(at_once(jobs)) <= {200, 404}
    assert len(make.execute(select(UserBlock.id))) == 24
    assert make.execute(select(UserLike.id)) == []
    assert sides(make) == {}


def test_like_waits_for_a_block_that_is_being_written_and_is_refused(make: Factory, app: Flask) -> None:
    me, other = make.user(), make.user()
    with app.app_context(), db.engine.connect().execution_options(**{WRITES: True}) as blocking:
        blocking.execute(insert(UserBlock).values(blocker_id=other.user_id, blocked_id=me.user_id))
        with ThreadPoolExecutor(1) as thread:
            answer = thread.submit(call(me, "PUT", "likes", other))
            time.sleep(0.5)
            blocking.commit()
            assert answer.result() == 404
    assert make.execute(select(UserLike.id)) == []


def test_all_who_like_one_person_at_once_are_matches(make: Factory) -> None:
    me, others = make.user(), [make.user() for _ in range(20)]
    for other in others:
        me.put(f"/likes/{other.user_id}")
    assert Counter(at_once([call(other, "PUT", "likes", me) for other in others])) == {200: 20}
    assert sorted(matches(me)) == sorted(other.user_id or 0 for other in others)
