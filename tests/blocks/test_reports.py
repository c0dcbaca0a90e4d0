"""Reporting people to the admins, and the admins' queue."""

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import select

from flask_api.blocks.models import Report
from tests.clients import Client, data, failure
from tests.factories import Factory, at_once

NOBODY = (404, "USER_NOT_FOUND")


def told(whom: Client, **changes: Any) -> dict[str, Any]:
    return {"user_id": whom.user_id, "kind": "profile", "reason": "spam", "text": "Asks for money.", **changes}


def queue(admin: Client, **query: Any) -> list[dict[str, Any]]:
    return list(data(admin.get("/admin/reports", query_string=query))["items"])


def count(make: Factory) -> int:
    return len(make.execute(select(Report.id)))


def test_report_comes_to_the_admins_and_says_who_whom_and_why(make: Factory) -> None:
    admin, me, other = make.admin(), make.user(nickname="Ada"), make.user(nickname="Lin")
    answer = me.post("/reports", json=told(other))
    assert answer.status_code == 201
    assert data(answer)["state"] == "open"
    [report] = queue(admin)
    assert report["user"] == {"id": other.user_id, "nickname": "Lin"}
    assert report["reporter"] == {"id": me.user_id, "nickname": "Ada"}
    assert (report["kind"], report["subject_id"], report["reason"]) == ("profile", other.user_id, "spam")
    assert (report["text"], report["resolved_at"]) == ("Asks for money.", None)


def test_post_is_reported_by_its_id_and_only_as_its_authors(make: Factory) -> None:
    admin, me, other, third = make.admin(), make.user(), make.user(), make.user()
    post_id = make.post(other, make.category())
    assert me.post("/reports", json=told(other, kind="post", subject_id=post_id)).status_code == 201
    assert queue(admin)[0]["subject_id"] == post_id
    for wrong in (told(third, kind="post", subject_id=post_id), told(other, kind="post", subject_id=post_id + 1)):
        assert failure(me.post("/reports", json=wrong)) == (404, "SUBJECT_NOT_FOUND")
    assert count(make) == 1


def test_admins_see_what_was_reported_whoever_it_hides_from(make: Factory) -> None:
    admin, me, other = make.admin(), make.user(), make.user(nickname="Lin")
    other.patch("/users/me", json={"bio": "Send me money."})
    post_id, photo_id = make.post(other, make.category(), "Riches", "x" * 3000), make.photo(other, "The lake")
    for about in ({}, {"kind": "photo", "subject_id": photo_id}, {"kind": "post", "subject_id": post_id}):
        assert me.post("/reports", json=told(other, **about)).status_code == 201
    admin.post(f"/admin/photos/{photo_id}/review", json={"state": "refused", "reason": "other"})
    other.put(f"/blocks/{admin.user_id}")
    other.patch("/users/me", json={"visibility": "nobody"})
    post, photo, profile = (report["subject"] for report in queue(admin))
    assert profile == {"title": "Lin", "text": "Send me money.", "image": None}
    assert photo == {"title": None, "text": "The lake", "image": "/media/1.jpg"}
    assert post == {"title": "Riches", "text": "x" * 2000, "image": None}


def test_subject_that_is_gone_is_null_and_the_report_is_resolved_all_the_same(make: Factory) -> None:
    admin, me, other = make.admin(), make.user(), make.user()
    post_id = make.post(other, make.category())
    me.post("/reports", json=told(other, kind="post", subject_id=post_id))
    other.delete(f"/blog/posts/{post_id}")
    [report] = queue(admin)
    assert report["subject"] is None
    done = admin.post(f"/admin/reports/{report['id']}/resolution", json={"outcome": "dismissed"})
    assert data(done)["subject"] is None


def test_asking_whose_something_is_counts_as_a_report(make: Factory) -> None:
    me, other = make.user(), make.user()
    me.put(f"/blocks/{other.user_id}")
    asked = [failure(me.post("/reports", json=told(other, kind="post", subject_id=n))) for n in range(1, 22)]
    assert asked == [(404, "SUBJECT_NOT_FOUND")] * 20 + [(429, "TOO_MANY_REPORTS")]


def test_photo_is_reported_by_its_id_and_only_as_its_owners(make: Factory) -> None:
    me, other, third = make.user(), make.user(), make.user()
    make.photo(other)
    [photo] = data(me.get(f"/users/{other.user_id}/photos"))["items"]
    assert me.post("/reports", json=told(other, kind="photo", subject_id=photo["id"])).status_code == 201
    wrong = told(third, kind="photo", subject_id=photo["id"])
    assert failure(me.post("/reports", json=wrong)) == (404, "SUBJECT_NOT_FOUND")


@pytest.mark.parametrize("changes", [{"kind": "photo"}, {"kind": "profile", "subject_id": 1}])
def test_subject_is_named_exactly_where_there_is_one(make: Factory, changes: dict[str, Any]) -> None:
    me, other = make.user(), make.user()
    answer = me.post("/reports", json=told(other, **changes))
    assert failure(answer) == (400, "INVALID_FIELD")
    assert answer.get_json()["field"] == "subject_id"
    assert count(make) == 0


def test_there_is_one_open_report_of_a_thing_and_another_once_it_is_resolved(make: Factory) -> None:
    admin, me, other, third = make.admin(), make.user(), make.user(), make.user()
    first = data(me.post("/reports", json=told(other)))["id"]
    assert failure(me.post("/reports", json=told(other, reason="fake"))) == (409, "REPORT_OPEN")
    assert third.post("/reports", json=told(other)).status_code == 201
    for _ in range(2):
        admin.post(f"/admin/reports/{first}/resolution", json={"outcome": "dismissed"})
        again = me.post("/reports", json=told(other))
        assert again.status_code == 201
        first = data(again)["id"]
    assert count(make) == 4


def test_same_report_many_times_at_once_is_one_report(make: Factory) -> None:
    me, other = make.user(), make.user()
    codes = Counter(at_once([lambda: me.post("/reports", json=told(other)).status_code] * 12))
    assert codes == {201: 1, 409: 11}
    assert count(make) == 1


def test_whom_i_have_blocked_i_may_still_report(make: Factory) -> None:
    me, other = make.user(), make.user()
    me.put(f"/blocks/{other.user_id}")
    assert me.post("/reports", json=told(other)).status_code == 201


@pytest.mark.parametrize("way", ["blocks me", "hidden", "nobody"])
def test_whom_i_may_not_know_of_i_cannot_report(make: Factory, way: str) -> None:
    me, other = make.user(), make.user()
    if way == "blocks me":
        other.put(f"/blocks/{me.user_id}")
    elif way == "hidden":
        other.patch("/users/me", json={"visibility": "nobody"})
    body = told(other, user_id=999999) if way == "nobody" else told(other)
    assert failure(me.post("/reports", json=body)) == NOBODY
    assert count(make) == 0


def test_nobody_reports_himself(make: Factory) -> None:
    me = make.user()
    assert failure(me.post("/reports", json=told(me))) == (400, "NOT_YOURSELF")


def test_reports_of_a_day_are_limited(make: Factory) -> None:
    me, others = make.user(), [make.user() for _ in range(21)]
    answers = [failure(me.post("/reports", json=told(other))) for other in others]
    assert answers == [(201, "SUCCESS")] * 20 + [(429, "TOO_MANY_REPORTS")]
    assert count(make) == 20


def test_resolved_report_says_how_leaves_the_queue_and_is_not_resolved_again(make: Factory) -> None:
    admin, me, other = make.admin(), make.user(), make.user()
    ids = [data(one.post("/reports", json=told(other)))["id"] for one in (me, make.user())]
    resolution = {"outcome": "upheld", "note": "Warned."}
    done = data(admin.post(f"/admin/reports/{ids[0]}/resolution", json=resolution))
    assert (done["state"], done["note"]) == ("upheld", "Warned.")
    assert done["resolved_at"]
    assert [report["id"] for report in queue(admin, state="open")] == [ids[1]]
    assert [report["id"] for report in queue(admin, state="upheld")] == [ids[0]]
    assert [report["id"] for report in queue(admin)] == [ids[1], ids[0]]
    again = admin.post(f"/admin/reports/{ids[0]}/resolution", json={"outcome": "dismissed"})
    assert failure(again) == (409, "REPORT_RESOLVED")
    missing = admin.post("/admin/reports/999999/resolution", json=resolution)
    assert failure(missing) == (404, "REPORT_NOT_FOUND")


def test_of_two_admins_at_once_one_resolves_it(make: Factory) -> None:
    admin, me, other = make.admin(), make.user(), make.user()
    report_id = data(me.post("/reports", json=told(other)))["id"]
    path = f"/admin/reports/{report_id}/resolution"
    outcomes = ["upheld", "dismissed"] * 4
    codes = at_once([lambda word=word: admin.post(path, json={"outcome": word}).status_code for word in outcomes])
    assert Counter(codes) == {200: 1, 409: 7}


def test_export_has_what_i_reported_and_nobodys_name(make: Factory) -> None:
    me, other = make.user(), make.user(nickname="Lin")
    me.post("/reports", json=told(other))
    [exported] = data(me.get("/auth/account/export"))["data"]["reports"]
    assert (exported["reason"], exported["text"]) == ("spam", "Asks for money.")
    assert exported.keys() == {"kind", "reason", "text", "state", "created_at"}
    assert data(other.get("/auth/account/export"))["data"]["reports"] == []
