"""A page looks at so many candidates and no more: of rare people it is short, and says where it goes on."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from flask_api.core.database import now
from flask_api.people import candidates
from flask_api.users.models import UserInfo
from tests.clients import data
from tests.factories import Factory
from tests.labels.test_picking_labels import new_label
from tests.search.crowd import all_found, person


@pytest.fixture(autouse=True)
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "WINDOWS", (2, 3, 5))


@pytest.mark.parametrize("order", ["active", "new"])
@pytest.mark.parametrize("limit", [1, 2, 20])
def test_leafing_through_finds_everyone_once_however_rare(make: Factory, order: str, limit: int) -> None:
    me = make.user()
    rare = {0, 9, 10, 11, 12, 21, 22, 29}
    ids = [
        person(make, gender="other" if number in rare else "male", ago=timedelta(minutes=30 - number))
        for number in range(30)
    ]
    assert all_found(me, order=order, gender="other", limit=limit) == [ids[number] for number in sorted(rare)][::-1]
    assert all_found(me, order=order, gender="female", limit=limit) == []
    assert all_found(me, order=order, limit=limit) == ids[::-1]


def test_page_is_short_though_more_follow(make: Factory) -> None:
    me = make.user()
    first = person(make, gender="other", ago=timedelta(hours=2))
    for _ in range(10):
        person(make, ago=timedelta(hours=1))
    page = data(me.get("/search/people?gender=other&order=active"))
    assert page["items"] == []
    page = data(me.get(f"/search/people?gender=other&cursor={page['next_cursor']}"))
    assert [item["person"]["id"] for item in page["items"]] == [first]
    assert page["next_cursor"] is None


def test_people_with_a_label_are_all_found_behind_many_hidden_ones(make: Factory) -> None:
    me, label_id = make.user(), new_label(make.admin())
    holders = [make.user() for _ in range(14)]
    for number, holder in enumerate(holders):
        holder.put("/users/me/labels", json={"label_ids": [label_id]})
        if number not in (0, 5):
            holder.patch("/users/me", json={"visibility": "nobody"})
    seen, path, cursor = [], f"/labels/{label_id}/people", ""
    while cursor is not None:
        page = data(me.get(path + cursor))
        seen += [item["person"]["id"] for item in page["items"]]
        cursor = page["next_cursor"] and f"?cursor={page['next_cursor']}"
    assert seen == [holders[5].user_id, holders[0].user_id]


@pytest.mark.parametrize("start", [0, 1], ids=["from the top", "from a cursor"])
def test_people_who_come_up_while_a_page_is_made_are_shown_once_and_nobody_is_missed(
    app: Flask, make: Factory, monkeypatch: pytest.MonkeyPatch, start: int
) -> None:
    """Activity is stored between any two of the page's statements: of the next below the cursor, or of the last."""
    me = make.user()
    ids = [person(make, gender="other", ago=timedelta(minutes=number)) for number in range(30)]
    make.execute(update(UserInfo).where(UserInfo.user_id == me.user_id).values(active_at=now() - timedelta(days=1)))
    cursor = data(me.get("/search/people?gender=other&limit=1"))["next_cursor"] if start else None
    ask, came = candidates.rows, set[int]()

    def asked(*told: Any, **values: Any) -> Any:
        found = ask(*told, **values)
        place = [*ids, me.user_id].index(values["last_user_id"]) + 1 if "last_user_id" in values else 29 - len(came)
        if len(came) < 6 and place < len(ids):
            came.add(ids[place])
            make.execute(update(UserInfo).where(UserInfo.user_id == ids[place]).values(active_at=now()))
        return found

    monkeypatch.setattr(candidates, "rows", asked)
    listed: list[int] = []
    for _ in range(20):
        query = {"gender": "other", "limit": 20, **({"cursor": cursor} if cursor else {})}
        page = data(me.get("/search/people", query_string=query))
        shown = [item["person"]["id"] for item in page["items"]]
        assert len(shown) == len(set(shown))
        listed += shown
        if (cursor := page["next_cursor"]) is None:
            break
    assert set(ids[start:]) - came <= set(listed)
