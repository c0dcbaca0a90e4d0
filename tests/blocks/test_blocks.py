"""Blocking people. That each is gone for the other everywhere: tests/people/test_no_trace.py."""

from collections import Counter

import pytest
from sqlalchemy import insert, select

from flask_api.people.models import UserBlock
from tests.clients import Client, data, failure
from tests.factories import Factory, at_once

NOBODY = (404, "USER_NOT_FOUND")


def block(me: Client, whom: Client) -> int:
    return me.put(f"/blocks/{whom.user_id}").status_code


def blocked(me: Client) -> list[int]:
    return [item["person"]["id"] for item in data(me.get("/blocks"))["items"]]


def sees(viewer: Client, whom: Client) -> bool:
    return viewer.get(f"/users/{whom.user_id}").status_code == 200


def test_block_hides_each_from_the_other_until_it_is_lifted(make: Factory) -> None:
    me, other, third = make.user(), make.user(), make.user()
    assert block(me, other) == 200
    assert not sees(me, other)
    assert not sees(other, me)
    assert sees(third, me)
    assert sees(third, other)
    assert me.delete(f"/blocks/{other.user_id}").status_code == 200
    assert sees(me, other)
    assert sees(other, me)


def test_blocks_are_listed_newest_first_to_who_made_them_only(make: Factory) -> None:
    me, first, second = make.user(), make.user(nickname="Lin"), make.user()
    block(me, first)
    block(me, second)
    assert blocked(me) == [second.user_id, first.user_id]
    page = data(me.get("/blocks?limit=1"))
    rest = data(me.get("/blocks", query_string={"limit": 1, "cursor": page["next_cursor"]}))
    assert rest["items"][0]["person"] == {"id": first.user_id, "nickname": "Lin", "avatar": None}
    assert rest["next_cursor"] is None
    assert blocked(first) == []


def test_of_somebody_i_have_blocked_who_is_hidden_anyhow_i_see_the_id_and_no_more(make: Factory) -> None:
    me, hidden, blocking, banned = make.user(), make.user(), make.user(), make.user()
    for other in (hidden, blocking, banned):
        block(me, other)
    hidden.patch("/users/me", json={"visibility": "nobody"})
    make.admin().put(f"/admin/users/{banned.user_id}/ban")
    make.execute(insert(UserBlock).values(blocker_id=blocking.user_id, blocked_id=me.user_id))  # both at once
    found = [item["person"] for item in data(me.get("/blocks"))["items"]]
    assert [one["id"] for one in found] == [banned.user_id, blocking.user_id, hidden.user_id]
    assert [one["nickname"] for one in found] == [None] * 3


def test_blocking_twice_is_blocking_once_and_one_lift_ends_it(make: Factory) -> None:
    me, other = make.user(), make.user()
    assert [block(me, other) for _ in range(2)] == [200, 200]
    assert blocked(me) == [other.user_id]
    me.delete(f"/blocks/{other.user_id}")
    assert failure(me.delete(f"/blocks/{other.user_id}")) == (404, "BLOCK_NOT_FOUND")


def test_blocks_of_a_day_are_limited_and_what_is_no_new_block_does_not_count(make: Factory) -> None:
    me, one, others = make.user(), make.user(), [make.user() for _ in range(50)]
    for _ in range(3):
        block(me, one)
        assert block(me, me) == 400
        assert failure(me.put("/blocks/999999")) == NOBODY
    me.delete(f"/blocks/{one.user_id}")
    assert [block(me, other) for other in others] == [200] * 49 + [429]
    assert failure(me.put(f"/blocks/{one.user_id}")) == (429, "TOO_MANY_BLOCKS")
    assert me.delete(f"/blocks/{others[0].user_id}").status_code == 200


def test_block_of_the_other_is_not_mine_to_lift_or_to_see(make: Factory) -> None:
    me, other = make.user(), make.user()
    block(other, me)
    assert failure(me.delete(f"/blocks/{other.user_id}")) == (404, "BLOCK_NOT_FOUND")
    assert blocked(me) == []
    assert not sees(me, other)


@pytest.mark.parametrize("way", ["blocks me", "hidden", "banned", "leaving", "nobody"])
def test_whom_i_may_not_know_of_i_cannot_block_and_nothing_is_stored(make: Factory, way: str) -> None:
    me, other = make.user(), make.user()
    if way == "blocks me":
        block(other, me)
    elif way == "hidden":
        other.patch("/users/me", json={"visibility": "nobody"})
    elif way == "banned":
        make.admin().put(f"/admin/users/{other.user_id}/ban")
    elif way == "leaving":
        other.delete("/auth/account")
    address = "/blocks/999999" if way == "nobody" else f"/blocks/{other.user_id}"
    assert failure(me.put(address)) == NOBODY
    assert make.execute(select(UserBlock.id).where(UserBlock.blocker_id == me.user_id)) == []


def test_nobody_blocks_himself(make: Factory) -> None:
    me = make.user()
    assert failure(me.put(f"/blocks/{me.user_id}")) == (400, "NOT_YOURSELF")


def test_same_block_many_times_at_once_is_one_block(make: Factory) -> None:
    me, other = make.user(), make.user()
    assert Counter(at_once([lambda: block(me, other)] * 16)) == {200: 16}
    assert len(make.execute(select(UserBlock.id))) == 1


def test_export_has_my_blocks_and_not_who_blocks_me(make: Factory) -> None:
    me, mine, theirs = make.user(), make.user(), make.user()
    block(me, mine)
    block(theirs, me)
    exported = data(me.get("/auth/account/export"))["data"]["blocks"]
    assert [one["user_id"] for one in exported] == [mine.user_id]
