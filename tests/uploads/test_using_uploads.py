"""What is used stays, what nobody uses goes, and what somebody leaves behind when he dies goes too."""

from datetime import timedelta
from zipfile import ZipFile

import pytest
from flask import Flask
from sqlalchemy import insert, select

from flask_api.core.database import now
from flask_api.core.transaction import rows
from flask_api.emails.models import AccountExport
from flask_api.providers.storage import StorageError
from flask_api.uploads import objects, processing, services
from flask_api.uploads.models import StoredObject, Upload
from flask_api.uploads.processing import process
from tests.clients import Client, data, failure
from tests.factories import Factory
from tests.jobs_run import run_jobs
from tests.mail.reading import Outbox, user_with_email

from .sending import age, arrive, count, film, grant, media, photo, send, stored, sweep, use


def test_photo_is_an_upload_in_use_and_goes_with_it(make: Factory) -> None:
    me = make.user()
    first, second = send(me, photo()), send(me, photo())
    shown = use(me, first["id"])
    assert (shown["url"], shown["thumbnail_url"]) == (first["url"], first["thumbnail_url"])
    assert data(me.get(f"/uploads/{first['id']}"))["is_used"] is True
    assert failure(me.delete(f"/uploads/{first['id']}")) == (409, "UPLOAD_IN_USE")
    use(me, second["id"])
    assert me.delete(f"/users/me/photos/{shown['id']}").status_code == 200
    run_jobs(me.app)
    assert stored(me) == sorted(media(me, second[name]) for name in ("url", "thumbnail_url"))


def test_only_what_is_ready_and_of_the_kind_can_be_used(make: Factory) -> None:
    me = make.user()
    refused = send(me, b"no picture")
    unfinished = grant(me, photo())
    for upload in (send(me, film(), "video", "video/mp4"), refused, unfinished):
        answer = me.post("/users/me/photos", json={"upload_id": upload["id"]})
        assert failure(answer) == (409, "UPLOAD_NOT_READY")


def test_what_nobody_uses_is_swept_after_a_day_and_what_is_used_stays(make: Factory, app: Flask) -> None:
    me = make.user()
    used, unused = send(me, photo()), send(me, photo())
    refused = send(me, b"no picture")
    use(me, used["id"])
    age(make, 23)
    sweep(app)
    assert len(stored(me)) == 4
    age(make, 2.5)
    sweep(app)
    assert stored(me) == sorted(media(me, used[name]) for name in ("url", "thumbnail_url"))
    for gone in (unused, refused):
        assert failure(me.get(f"/uploads/{gone['id']}")) == (404, "UPLOAD_NOT_FOUND")
    assert (count(make, Upload), count(make, StoredObject)) == (1, 2)


def test_what_is_about_to_be_swept_cannot_be_used_any_more(make: Factory) -> None:
    me = make.user()
    shown = send(me, photo())
    age(make, 24.5)
    assert failure(me.post("/users/me/photos", json={"upload_id": shown["id"]})) == (404, "UPLOAD_NOT_FOUND")


def test_file_whose_sender_never_says_so_is_swept_once_its_grant_is_over(make: Factory, app: Flask) -> None:
    me = make.user()
    arrive(app, grant(me, photo()), photo())
    age(make, 2)
    sweep(app)
    assert len(stored(me)) == 1, "who began to send in time may end"
    age(make, 1.5)
    sweep(app)
    assert stored(me) == []


def test_file_sent_again_after_all_was_done_is_swept(make: Factory, app: Flask) -> None:
    me = make.user()
    granted = grant(me, photo())
    for _ in range(2):
        arrive(app, granted, photo())
        me.post(f"/uploads/{granted['id']}/complete")
        run_jobs(app)
    assert len(stored(me)) == 3
    age(make, 3.5)
    sweep(app)
    assert len(stored(me)) == 2


def test_job_that_dies_before_it_has_told_leaves_nothing_for_ever(make: Factory, app: Flask) -> None:
    """What a killed worker had put into the storage is swept; the next run does all anew."""
    me = make.user()
    granted = grant(me, photo())
    arrive(app, granted, photo())
    me.post(f"/uploads/{granted['id']}/complete")
    with app.app_context():
        [sent] = rows(processing.SENT, upload_id=granted["id"])
        with objects.storage().open(sent.incoming_key) as file:
            processing._image(sent, file)  # all that it does before it tells
    run_jobs(app)
    shown = data(me.get(f"/uploads/{granted['id']}"))
    assert shown["state"] == "ready"
    assert len(stored(me)) == 4
    use(me, shown["id"])
    age(make, 26)
    sweep(app)
    assert stored(me) == sorted(media(me, shown[name]) for name in ("url", "thumbnail_url"))


def test_job_that_runs_twice_does_no_harm(make: Factory, app: Flask) -> None:
    me = make.user()
    shown = send(me, photo())
    with app.app_context():
        process.now(upload_id=shown["id"])
    assert data(me.get(f"/uploads/{shown['id']}")) == shown
    assert len(stored(me)) == 2


def test_sweeping_when_the_storage_fails_forgets_nothing(make: Factory, app: Flask) -> None:
    me = make.user()
    send(me, photo())
    age(make, 26)
    folder = app.extensions["settings"].data_dir / "media" / "public"
    folder.rename(folder.with_name("elsewhere"))
    folder.write_text("not a folder")
    with app.app_context():
        objects.sweep.now()
    assert count(make, StoredObject) == 2
    folder.unlink()
    folder.with_name("elsewhere").rename(folder)
    sweep(app)
    assert len(stored(me)) == 2, "it has an hour"
    age(make, 1.1)
    sweep(app)
    assert stored(me) == []
    assert count(make, StoredObject) == 0


def test_object_that_cannot_be_deleted_does_not_keep_the_others(make: Factory, app: Flask) -> None:
    me = make.user()
    send(me, photo())
    age(make, 26)
    bad = {"upload_id": None, "delete_after": now() - timedelta(days=9)}
    make.execute(insert(StoredObject).values([{**bad, "key": f"NO KEY {n}"} for n in range(2)]))
    sweep(app)
    assert stored(me) == []
    assert [row.key for row in make.execute(select(StoredObject.key))] == ["NO KEY 0", "NO KEY 1"]
    assert make.execute(select(StoredObject.delete_after))[0][0] > now() + timedelta(minutes=59)


def test_storage_that_is_away_is_not_asked_for_each_object(make: Factory, app: Flask) -> None:
    bad = {"upload_id": None, "delete_after": now() - timedelta(days=9)}
    make.execute(insert(StoredObject).values([{**bad, "key": f"NO KEY {n}"} for n in range(20)]))
    with app.app_context(), pytest.raises(StorageError):
        objects.sweep.now()
    due = make.execute(select(StoredObject.key).where(StoredObject.delete_after <= now()))
    assert len(due) == 15


def test_export_names_my_uploads(make: Factory, app: Flask) -> None:
    me = make.user()
    shown = send(me, photo())
    assert me.user_id is not None
    with app.app_context():
        [exported] = services._export(me.user_id)
    assert (exported["id"], exported["url"]) == (shown["id"], shown["url"])


def test_mailed_export_has_my_files(make: Factory, app: Flask, outbox: Outbox) -> None:
    me = user_with_email(make, outbox)
    shown, recorded = send(me, photo()), send(me, film(), "video", "video/mp4")
    send(me, b"no picture")
    grant(me, photo())
    send(make.user(), photo())
    assert me.post("/emails/exports").status_code == 202
    run_jobs(app)
    [key] = make.execute(select(AccountExport.key))[0]
    with app.app_context(), objects.storage().open(key) as file, ZipFile(file) as archive:
        picture, clip = f"files/uploads/photo-{shown['id']}.jpg", f"files/uploads/video-{recorded['id']}.mp4"
        assert archive.namelist() == ["data.json", picture, clip]
        assert archive.read(picture) == media(me, shown["url"]).read_bytes()
        assert archive.read(clip) == film()


def test_grant_asked_for_twice_with_one_key_is_one_grant(make: Factory) -> None:
    me: Client = make.user()
    sent = {"kind": "photo", "size": 1000, "content_type": "image/jpeg"}
    answers = [data(me.post("/uploads", json=sent, headers={"Idempotency-Key": "one"})) for _ in range(2)]
    assert answers[0] == answers[1]
    assert count(make, Upload) == 1
