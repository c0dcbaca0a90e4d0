"""One's own album: adding, moving and deleting photos, and the avatar among them."""

import random
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select

from flask_api.albums.models import UserAlbum
from flask_api.core.database import now
from flask_api.uploads.models import Upload
from tests.clients import Client, data, failure
from tests.factories import Factory, at_once
from tests.jobs_run import run_jobs
from tests.uploads.sending import media, photo, send, stored


def ready(make: Factory, owner: Client, number: int) -> int:
    """An upload as it is after it was looked at, without the file; returns its id."""
    sent = {
        "kind": "photo",
        "content_type": "image/jpeg",
        "size": 1,
        "incoming_key": f"incoming/{owner.user_id}/{number}",
    }
    made = {"state": "ready", "key": f"public/1/{number}.jpg", "thumbnail_key": f"public/2/{number}.jpg"}
    row = {"user_id": owner.user_id, "created_at": now(), "expires_at": now(), **sent, **made}
    make.execute(insert(Upload).values(row))
    [(upload_id,)] = make.execute(select(Upload.id).where(Upload.incoming_key == sent["incoming_key"]))
    return int(upload_id)


def fill(make: Factory, owner: Client, captions: str) -> list[int]:
    """Photos with these captions, a letter each, in somebody's album; returns their ids."""
    return [make.photo(owner, caption, position) for position, caption in enumerate(captions, 1)]


def mine(owner: Client) -> list[dict[str, Any]]:
    photos: list[dict[str, Any]] = data(owner.get("/users/me/photos"))["items"]
    assert [item["position"] for item in photos] == [*range(1, len(photos) + 1)]
    return photos


def captions(owner: Client) -> str:
    return "".join(item["caption"] for item in mine(owner))


def test_uploads_join_the_end_of_the_album_with_their_thumbnails(make: Factory) -> None:
    me = make.user()
    uploads = [send(me, photo()) for _ in range(2)]
    for upload, caption in zip(uploads, "ab", strict=True):
        added = data(me.post("/users/me/photos", json={"upload_id": upload["id"], "caption": caption}))
        assert (added["state"], added["reason"], added["is_avatar"]) == ("pending", None, False)
    assert captions(me) == "ab"
    assert [item["thumbnail_url"] for item in mine(me)] == [upload["thumbnail_url"] for upload in uploads]


def test_upload_is_one_photo_and_no_more(make: Factory) -> None:
    me = make.user()
    upload_id = ready(make, me, 1)
    assert me.post("/users/me/photos", json={"upload_id": upload_id}).status_code == 201
    assert failure(me.post("/users/me/photos", json={"upload_id": upload_id})) == (409, "UPLOAD_IS_PHOTO")
    assert len(mine(me)) == 1


def test_upload_of_somebody_else_is_no_photo_of_mine(make: Factory) -> None:
    me, somebody = make.user(), make.user()
    answer = me.post("/users/me/photos", json={"upload_id": ready(make, somebody, 1)})
    assert failure(answer) == (404, "UPLOAD_NOT_FOUND")
    assert mine(me) == []


def test_request_sent_twice_with_one_key_adds_one_photo(make: Factory) -> None:
    me = make.user()
    sent = {"json": {"upload_id": ready(make, me, 1)}, "headers": {"Idempotency-Key": "one"}}
    answers = [data(me.post("/users/me/photos", **sent)) for _ in range(2)]
    assert answers[0] == answers[1]
    assert len(mine(me)) == 1


@pytest.mark.parametrize(
    ("moved", "position", "order"),
    [("a", 3, "bcad"), ("d", 1, "dabc"), ("c", 3, "abcd"), ("b", 4, "acdb"), ("d", 3, "abdc")],
)
def test_photo_is_moved_and_the_others_make_room(make: Factory, moved: str, position: int, order: str) -> None:
    me = make.user()
    ids = dict(zip("abcd", fill(make, me, "abcd"), strict=True))
    assert data(me.patch(f"/users/me/photos/{ids[moved]}", json={"position": position}))["position"] == position
    assert captions(me) == order


@pytest.mark.parametrize("position", [0, -1, 3, 31, "1", None])
def test_place_that_the_album_does_not_have_is_refused(make: Factory, position: object) -> None:
    me = make.user()
    first, _ = fill(make, me, "ab")
    answer = me.patch(f"/users/me/photos/{first}", json={"position": position})
    assert failure(answer) == (400, "INVALID_FIELD")
    assert answer.get_json()["field"] == "position"
    assert captions(me) == "ab"


def test_caption_is_changed_and_nothing_else(make: Factory) -> None:
    me = make.user()
    first, _ = fill(make, me, "ab")
    me.patch(f"/users/me/photos/{first}", json={"caption": "c"})
    assert captions(me) == "cb"


def test_deleted_photo_takes_its_files_along_and_the_others_close_ranks(make: Factory) -> None:
    me = make.user()
    uploads = [send(me, photo()) for _ in range(3)]
    added = [data(me.post("/users/me/photos", json={"upload_id": upload["id"]})) for upload in uploads]
    assert me.delete(f"/users/me/photos/{added[1]['id']}").status_code == 200
    run_jobs(me.app)
    assert [item["id"] for item in mine(me)] == [added[0]["id"], added[2]["id"]]
    kept = [media(me, uploads[place][name]) for place in (0, 2) for name in ("url", "thumbnail_url")]
    assert stored(me) == sorted(kept)
    assert failure(me.delete(f"/users/me/photos/{added[1]['id']}")) == (404, "PHOTO_NOT_FOUND")


def test_photos_of_somebody_else_cannot_be_touched(make: Factory) -> None:
    owner, somebody = make.user(), make.user()
    [photo_id] = fill(make, owner, "a")
    path = f"/users/me/photos/{photo_id}"
    answers = [somebody.patch(path, json={"caption": "mine"}), somebody.delete(path)]
    answers.append(somebody.put("/users/me/avatar", json={"photo_id": photo_id}))
    assert {failure(answer) for answer in answers} == {(404, "PHOTO_NOT_FOUND")}
    assert captions(owner) == "a"


def test_album_that_is_full_takes_no_more_even_at_once(make: Factory) -> None:
    me = make.user()
    fill(make, me, "x" * 25)
    uploads = [ready(make, me, number) for number in range(12)]

    def add(upload_id: int) -> int:
        return me.post("/users/me/photos", json={"upload_id": upload_id}).status_code

    codes = at_once([lambda upload_id=upload_id: add(upload_id) for upload_id in uploads])  # type: ignore[misc]
    assert sorted(codes) == [201] * 5 + [409] * 7
    assert len(mine(me)) == 30
    used = make.execute(select(Upload.id).where(Upload.used_at.is_not(None)))
    assert len(used) == 5


def test_order_has_no_gap_whatever_is_changed_at_once(make: Factory) -> None:
    """Adding, moving and deleting, all mixed; afterwards every photo has a place of its own, from 1 on."""
    me = make.user()
    ids = fill(make, me, "abcdefghijklmnop")
    uploads = [ready(make, me, number) for number in range(8)]
    dice = random.Random(6)
    jobs: list[Any] = [
        lambda upload_id=each: me.post("/users/me/photos", json={"upload_id": upload_id}) for each in uploads
    ]
    for photo_id in dice.choices(ids, k=24):
        place = {"position": dice.randint(1, 8)}
        jobs.append(lambda photo_id=photo_id, place=place: me.patch(f"/users/me/photos/{photo_id}", json=place))
    jobs += [lambda photo_id=each: me.delete(f"/users/me/photos/{photo_id}") for each in ids[:6]]
    dice.shuffle(jobs)
    assert {answer.status_code for answer in at_once(jobs)} <= {200, 201, 404}
    assert len(mine(me)) == 16 + 8 - 6


def test_avatar_is_a_photo_that_was_approved(make: Factory) -> None:
    me, viewer = make.user(), make.user()
    [first, second] = fill(make, me, "ab")
    assert data(me.put("/users/me/avatar", json={"photo_id": second}))["avatar"] == "/media/2.jpg"
    assert data(viewer.get(f"/users/{me.user_id}"))["avatar"] == "/media/2.jpg"
    assert [item["is_avatar"] for item in mine(me)] == [False, True]
    assert data(me.put("/users/me/avatar", json={"photo_id": first}))["avatar"] == "/media/1.jpg"
    assert [item["is_avatar"] for item in mine(me)] == [True, False]
    assert data(me.put("/users/me/avatar", json={"photo_id": None}))["avatar"] is None
    assert [item["is_avatar"] for item in mine(me)] == [False, False]


def test_deleting_the_avatars_photo_leaves_none(make: Factory) -> None:
    me = make.user()
    first, second = fill(make, me, "ab")
    me.put("/users/me/avatar", json={"photo_id": second})
    me.delete(f"/users/me/photos/{first}")
    assert data(me.get("/users/me"))["avatar"] == "/media/2.jpg"
    me.delete(f"/users/me/photos/{second}")
    assert data(me.get("/users/me"))["avatar"] is None


def test_avatar_that_waits_for_approval_leaves_the_one_before_in_place(make: Factory) -> None:
    me, admin = make.user(), make.admin()
    [shown] = fill(make, me, "a")
    waiting = make.photo(me, "b", 2, state="pending")
    me.put("/users/me/avatar", json={"photo_id": shown})
    assert data(me.put("/users/me/avatar", json={"photo_id": waiting}))["avatar"] == "/media/1.jpg"
    admin.post(f"/admin/photos/{waiting}/review", json={"state": "approved"})
    assert data(me.get("/users/me"))["avatar"] == "/media/2.jpg"


def test_photo_that_was_refused_cannot_be_the_avatar(make: Factory) -> None:
    me = make.user()
    refused = make.photo(me, state="refused")
    assert failure(me.put("/users/me/avatar", json={"photo_id": refused})) == (409, "PHOTO_REFUSED")


def test_avatar_of_the_release_before_is_let_go_of(make: Factory, app: Flask) -> None:
    """It made avatars of uploads of a kind of their own."""
    me = make.user()
    upload_id = ready(make, me, 1)
    make.execute(Upload.__table__.update().values(kind="avatar", used_at=now()))
    [shown] = fill(make, me, "a")
    me.put("/users/me/avatar", json={"photo_id": shown})
    assert failure(me.get(f"/uploads/{upload_id}")) == (404, "UPLOAD_NOT_FOUND")
    run_jobs(app)


def test_photos_are_shown_at_once_where_nobody_moderates(make: Factory, app: Flask) -> None:
    app.extensions["settings"] = app.extensions["settings"].model_copy(update={"photo_moderation": "none"})
    me, viewer = make.user(), make.user()
    me.post("/users/me/photos", json={"upload_id": ready(make, me, 1)})
    assert len(data(viewer.get(f"/users/{me.user_id}/photos"))["items"]) == 1
    [row] = make.execute(select(UserAlbum.state))
    assert row.state == "approved"
