"""From the grant to the picture."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import insert, update

from flask_api.core.database import now
from flask_api.uploads.models import Upload
from tests.clients import Client, data, failure
from tests.factories import Factory, at_once
from tests.jobs_run import run_jobs

from .sending import arrive, film, grant, media, photo, send, stored


def test_photo_becomes_a_picture_and_a_thumbnail_of_random_names(make: Factory) -> None:
    me = make.user()
    shown = send(me, photo(size=(1200, 900)))
    assert (shown["state"], shown["reason"], shown["is_used"]) == ("ready", None, False)
    assert (shown["width"], shown["height"], shown["content_type"]) == (1200, 900, "image/jpeg")
    assert shown["url"].startswith("/media/public/")
    assert stored(me) == sorted([media(me, shown["url"]), media(me, shown["thumbnail_url"])]), "the original is gone"
    again = send(me, photo(size=(1200, 900)))
    assert len({shown["url"], shown["thumbnail_url"], again["url"], again["thumbnail_url"]}) == 4


def test_grant_says_where_to_send_what_and_until_when(make: Factory) -> None:
    me = make.user()
    granted = grant(me, photo())
    assert (granted["method"], granted["fields"]) == ("PUT", {})
    assert granted["url"].startswith("/uploads/incoming/")
    shown = data(me.get(f"/uploads/{granted['id']}"))
    assert (shown["state"], shown["url"], shown["thumbnail_url"]) == ("granted", None, None)


def test_film_is_kept_as_it_is_and_downloaded_at_an_address_that_ends(make: Factory) -> None:
    me = make.user()
    shown = send(me, film(), "video", "video/mp4")
    assert (shown["state"], shown["content_type"], shown["thumbnail_url"]) == ("ready", "video/mp4", None)
    assert shown["url"].startswith("/files/private/")
    assert "signature=" in shown["url"]
    [path] = stored(me)
    assert path.read_bytes() == film()
    assert path.suffix == ".mp4"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"content_type": "video/mp4"}, "content_type"),
        ({"content_type": "image/svg+xml"}, "content_type"),
        ({"content_type": "text/html"}, "content_type"),
        ({"size": 20 * 1024 * 1024 + 1}, "size"),
        ({"size": 0}, "size"),
        ({"size": -1}, "size"),
        ({"kind": "malware"}, "kind"),
        ({"kind": "voice", "content_type": "audio/ogg", "size": 5 * 1024 * 1024 + 1}, "size"),
        ({"key": "../../etc/passwd"}, "key"),
        ({"user_id": 1}, "user_id"),
    ],
)
def test_what_no_kind_allows_is_refused(make: Factory, change: dict[str, object], field: str) -> None:
    sent = {"kind": "photo", "size": 1000, "content_type": "image/jpeg", **change}
    answer = make.user().post("/uploads", json=sent)
    assert failure(answer) == (400, "INVALID_FIELD")
    assert answer.get_json()["field"] == field


def test_setting_caps_all_kinds(make: Factory, app: Flask) -> None:
    app.extensions["settings"] = app.extensions["settings"].model_copy(update={"max_upload_size": 999})
    me = make.user()
    sent = {"kind": "video", "content_type": "video/mp4"}
    assert failure(me.post("/uploads", json={**sent, "size": 1000})) == (400, "INVALID_FIELD")
    assert me.post("/uploads", json={**sent, "size": 999}).status_code == 201


def test_upload_of_somebody_else_is_not_found(make: Factory) -> None:
    me, somebody = make.user(), make.user()
    granted = grant(me, photo())
    path = f"/uploads/{granted['id']}"
    answers = [somebody.get(path), somebody.delete(path), somebody.post(f"{path}/complete")]
    answers.append(somebody.post("/users/me/photos", json={"upload_id": granted["id"]}))
    assert {failure(answer) for answer in answers} == {(404, "UPLOAD_NOT_FOUND")}
    assert data(somebody.get("/uploads"))["items"] == []
    assert [item["id"] for item in data(me.get("/uploads"))["items"]] == [granted["id"]]


def test_uploads_are_listed_newest_first_in_pages(make: Factory) -> None:
    me = make.user()
    ids = [grant(me, photo())["id"] for _ in range(3)]
    first = data(me.get("/uploads?limit=2"))
    second = data(me.get("/uploads", query_string={"limit": 2, "cursor": first["next_cursor"]}))
    assert [item["id"] for item in first["items"] + second["items"]] == ids[::-1]
    assert second["next_cursor"] is None


def test_completing_before_the_file_is_there_is_refused_and_may_be_tried_again(make: Factory) -> None:
    me = make.user()
    granted = grant(me, photo())
    path = f"/uploads/{granted['id']}/complete"
    assert failure(me.post(path)) == (409, "UPLOAD_NOT_ARRIVED")
    arrive(me.app, granted, photo())
    assert data(me.post(path))["state"] == "processing"


def test_file_of_another_size_than_was_said_is_refused(make: Factory) -> None:
    """The local storage and Qiniu take no such file; S3 promises as much, and is not believed."""
    me = make.user()
    granted = grant(me, photo() + b"x")
    key = granted["url"].removeprefix("/uploads/").partition("?")[0]
    me.app.extensions["storage"].put(key, photo(), content_type="image/jpeg", public=False)
    shown = data(me.post(f"/uploads/{granted['id']}/complete"))
    assert (shown["state"], shown["reason"]) == ("refused", "wrong_size")


def test_completing_again_changes_nothing(make: Factory) -> None:
    me = make.user()
    shown = send(me, photo())
    assert data(me.post(f"/uploads/{shown['id']}/complete")) == shown
    assert run_jobs(me.app) == 0


def test_completing_many_times_at_once_makes_one_job(make: Factory) -> None:
    me = make.user()
    granted = grant(me, photo())
    arrive(me.app, granted, photo())
    answers = at_once([lambda: me.post(f"/uploads/{granted['id']}/complete").status_code] * 8)
    assert answers == [200] * 8
    run_jobs(me.app)
    assert len(stored(me)) == 2


def test_deleted_upload_is_gone_with_its_files(make: Factory) -> None:
    me = make.user()
    shown = send(me, photo())
    assert me.delete(f"/uploads/{shown['id']}").status_code == 200
    run_jobs(me.app)
    assert stored(me) == []
    assert failure(me.get(f"/uploads/{shown['id']}")) == (404, "UPLOAD_NOT_FOUND")
    assert data(me.get("/uploads"))["items"] == []


def test_one_cannot_begin_any_number_of_uploads(make: Factory) -> None:
    me = make.user()
    for _ in range(10):
        granted = grant(me, photo())
    sent = {"kind": "photo", "size": 1000, "content_type": "image/jpeg"}
    answer = me.post("/uploads", json=sent)
    assert failure(answer) == (429, "TOO_MANY_UPLOADS")
    assert int(answer.headers["Retry-After"]) > 0
    assert make.user().post("/uploads", json=sent).status_code == 201
    me.delete(f"/uploads/{granted['id']}")
    assert me.post("/uploads", json=sent).status_code == 201


def test_of_many_begun_at_once_only_so_many_are_granted(make: Factory) -> None:
    me = make.user()
    sent = {"kind": "photo", "size": 1000, "content_type": "image/jpeg"}
    codes = at_once([lambda: me.post("/uploads", json=sent).status_code] * 16)
    assert sorted(codes) == [201] * 10 + [429] * 6


@pytest.mark.parametrize(("count", "size"), [(11, 100 * 1024 * 1024), (500, 1)])
def test_one_cannot_send_any_amount_within_a_day_and_deleting_does_not_help(
    make: Factory, count: int, size: int
) -> None:
    me = make.user()
    row = {"user_id": me.user_id, "kind": "video", "content_type": "video/mp4", "size": size, "state": "deleted"}
    today = {**row, "created_at": now() - timedelta(hours=23), "expires_at": now()}
    make.execute(insert(Upload).values([{**today, "incoming_key": f"incoming/{n}"} for n in range(count)]))
    sent = {"kind": "photo", "size": 1000, "content_type": "image/jpeg"}
    assert failure(me.post("/uploads", json=sent)) == (429, "TOO_MANY_UPLOADS")
    make.execute(update(Upload).values(created_at=now() - timedelta(hours=25)))
    assert me.post("/uploads", json=sent).status_code == 201


def test_uploads_need_a_login(client: Client) -> None:
    assert failure(client.get("/uploads")) == (401, "TOKEN_MISSING")


def test_nobody_but_the_storage_tells_that_files_have_arrived(client: Client, make: Factory) -> None:
    assert failure(client.post("/uploads/qiniu-callback")) == (401, "CALLBACK_INVALID")
