"""Who looked at me: one row for each visitor and day, and who may know them."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, insert, select, update

from flask_api.core.database import now
from flask_api.people.models import UserSeen
from flask_api.visitors import visits
from flask_api.visitors.models import Visitor
from tests.clients import Client, data, failure
from tests.factories import Factory, at_once
from tests.jobs_run import run_jobs


def entitle(make: Factory, whom: Client, name: str) -> None:
    until = (now() + timedelta(days=1)).isoformat()
    answer = make.admin().put(f"/admin/users/{whom.user_id}/entitlements/{name}", json={"until": until})
    assert answer.status_code == 200


def look(viewer: Client, host: Client) -> int:
    return viewer.get(f"/users/{host.user_id}").status_code


def listed(host: Client, **query: object) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = data(host.get("/visitors", query_string=query))["items"]
    return items


def count(make: Factory) -> int:
    return int(make.execute(select(func.count()).select_from(Visitor))[0][0])


def days_ago(make: Factory, days: int) -> None:
    """Let all visits have happened so many days earlier."""
    for visit in make.execute(select(Visitor.id, Visitor.day, Visitor.visited_at)):
        moved = {"day": visit.day - timedelta(days=days), "visited_at": visit.visited_at - timedelta(days=days)}
        make.execute(update(Visitor).where(Visitor.id == visit.id).values(moved))


def test_member_sees_who_looked_at_them_newest_first(make: Factory) -> None:
    host, one, other = make.user(), make.user(nickname="One"), make.user(nickname="Other")
    entitle(make, host, "visitors")
    look(one, host)
    look(other, host)
    assert [(item["person"]["id"], item["person"]["nickname"]) for item in listed(host)] == [
        (other.user_id, "Other"), (one.user_id, "One"),
    ]  # fmt: skip
    assert {item["day"] for item in listed(host)} == {now().date().isoformat()}


def test_others_learn_how_many_and_when_but_not_who(make: Factory) -> None:
    host, visitor = make.user(), make.user(nickname="Recognisable")
    look(visitor, host)
    assert listed(host) == [{"person": None, "day": now().date().isoformat()}]
    assert data(host.get("/visitors/count")) == {"count": 1, "is_entitled": False}
    assert "Recognisable" not in host.get("/visitors").get_data(as_text=True)


def test_visitor_comes_once_a_day_and_again_on_the_next(make: Factory) -> None:
    host, visitor = make.user(), make.user()
    for _ in range(3):
        look(visitor, host)
    assert count(make) == 1
    days_ago(make, 1)
    look(visitor, host)
    days = [date.fromisoformat(item["day"]) for item in listed(host)]
    assert days == [now().date(), now().date() - timedelta(days=1)]


def test_fifty_looks_at_once_are_one_visit(make: Factory) -> None:
    host, visitor = make.user(), make.user()
    assert at_once([lambda: look(visitor, host)] * 50) == [200] * 50
    assert count(make) == 1


def test_visit_that_another_request_has_just_noted_is_not_noted_again(
    make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, visitor = make.user(), make.user()
    look(visitor, host)
    monkeypatch.setattr(visits, "rows", lambda *_, **__: [])  # it looked before that was there
    assert look(visitor, host) == 200
    assert count(make) == 1


def test_fifty_visitors_at_once_are_fifty_visits(make: Factory) -> None:
    host, visitors = make.user(), [make.user() for _ in range(50)]
    looks = [lambda visitor=visitor: look(visitor, host) for visitor in visitors for _ in range(2)]  # type: ignore[misc]
    assert at_once(looks) == [200] * 100
    assert data(host.get("/visitors/count"))["count"] == count(make) == 50


def test_looking_at_oneself_is_no_visit(make: Factory) -> None:
    me = make.user()
    look(me, me)
    assert count(make) == 0


def test_looking_at_whom_one_may_not_see_is_no_visit(make: Factory) -> None:
    hidden, visitor = make.user(), make.user()
    hidden.patch("/users/me", json={"visibility": "nobody"})
    assert look(visitor, hidden) == look(visitor, Client(make.app, user_id=99999)) == 404
    assert count(make) == 0


@pytest.mark.parametrize("is_entitled", [True, False])
def test_visitor_who_is_hidden_since_is_neither_listed_nor_counted(make: Factory, is_entitled: bool) -> None:
    host, visitor, banned = make.user(), make.user(), make.user()
    if is_entitled:
        entitle(make, host, "visitors")
    look(visitor, host)
    look(banned, host)
    visitor.patch("/users/me", json={"visibility": "nobody"})
    make.admin().put(f"/admin/users/{banned.user_id}/ban")
    assert listed(host) == []
    assert data(host.get("/visitors/count"))["count"] == 0


def test_list_comes_in_pages_without_gaps(make: Factory) -> None:
    host = make.user()
    entitle(make, host, "visitors")
    visitors = [make.user() for _ in range(5)]
    for visitor in visitors:
        look(visitor, host)
    visitors[2].patch("/users/me", json={"visibility": "nobody"})
    found, cursor = [], None
    for _ in range(5):
        page = data(host.get("/visitors", query_string={"limit": 2} | ({"cursor": cursor} if cursor else {})))
        found += [item["person"]["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == [visitors[place].user_id for place in (4, 3, 1, 0)]
    assert failure(host.get("/visitors?cursor=abc")) == (400, "BAD_CURSOR")


def test_member_who_is_invisible_leaves_no_trace_while_entitled(make: Factory) -> None:
    host, visitor = make.user(), make.user()
    switch = {"json": {"is_invisible": True}}
    assert failure(visitor.put("/visitors/invisibility", **switch)) == (403, "NOT_ENTITLED")
    entitle(make, visitor, "invisible")
    assert data(visitor.put("/visitors/invisibility", **switch)) == {"is_invisible": True, "is_entitled": True}
    assert look(visitor, host) == 200
    assert count(make) == 0
    over = (now() - timedelta(seconds=1)).isoformat()
    make.admin().put(f"/admin/users/{visitor.user_id}/entitlements/invisible", json={"until": over})
    assert data(visitor.get("/visitors/invisibility")) == {"is_invisible": True, "is_entitled": False}
    look(visitor, host)
    assert count(make) == 1


def test_switch_alone_hides_nothing_once_it_is_off(make: Factory) -> None:
    host, visitor = make.user(), make.user()
    entitle(make, visitor, "invisible")
    visitor.put("/visitors/invisibility", json={"is_invisible": True})
    visitor.put("/visitors/invisibility", json={"is_invisible": False})
    look(visitor, host)
    assert count(make) == 1


def test_marking_as_read_remembers_the_newest_visit(make: Factory) -> None:
    host = make.user()
    for _ in range(2):
        look(make.user(), host)
    assert host.post("/visitors/seen").status_code == 200
    newest = make.execute(select(func.max(Visitor.id)))[0][0]
    seen = make.execute(select(UserSeen.visitor_id).where(UserSeen.user_id == host.user_id))
    assert [row.visitor_id for row in seen] == [newest]


def test_old_visits_are_swept_and_young_ones_stay(make: Factory, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "BATCH", 2)
    host = make.user()
    old = [make.user() for _ in range(5)]
    moment = now() - timedelta(days=91)
    for visitor in old:
        row = {"host_id": host.user_id, "visitor_id": visitor.user_id, "day": moment.date(), "visited_at": moment}
        make.execute(insert(Visitor).values(row))
    look(old[0], host)
    days_ago(make, 0)
    with app.app_context():
        visits.sweep.now()
    run_jobs(app)
    assert count(make) == 1


def test_visits_go_with_either_of_the_two(make: Factory) -> None:
    from tests.uploads.sending import erase

    host, visitor, other = make.user(), make.user(), make.user()
    look(visitor, host)
    look(other, host)
    look(host, other)
    erase(make.app, visitor)
    assert count(make) == 2
    erase(make.app, host)
    assert count(make) == 0


def test_export_has_my_visits_and_on_which_days_i_was_visited(make: Factory) -> None:
    me, other = make.user(), make.user()
    look(me, other)
    look(other, me)
    exported = data(me.get("/auth/account/export"))["data"]["visits"]
    assert [visit["host_id"] for visit in exported["made"]] == [other.user_id]
    assert exported["received"] == [{"day": now().date().isoformat(), "visits": 1}]


def test_export_has_a_line_for_each_day_and_counts_nobody_who_is_hidden_from_me(make: Factory) -> None:
    me, one, other, hidden, blocking = (make.user() for _ in range(5))
    look(other, me)
    days_ago(make, 1)
    for visitor in (one, other, hidden, blocking):
        look(visitor, me)
    hidden.patch("/users/me", json={"visibility": "nobody"})
    blocking.put(f"/blocks/{me.user_id}")
    today = now().date()
    exported = data(me.get("/auth/account/export"))["data"]["visits"]["received"]
    expected = {today - timedelta(days=1): 1, today: 2}
    assert exported == [{"day": day.isoformat(), "visits": visits} for day, visits in expected.items()]
