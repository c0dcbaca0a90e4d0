"""Nothing stays of an upload that goes while it is looked at, or with the account of its sender."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import BinaryIO

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from flask_api.core.database import now
from flask_api.core.job_rows import Job
from flask_api.providers.storage.local import LocalStorage
from flask_api.uploads import objects
from flask_api.uploads.models import StoredObject, Upload
from flask_api.users.models import UserAuth
from tests.factories import Factory
from tests.jobs_run import run_jobs

from .sending import age, arrive, count, erase, film, grant, photo, send, stored, sweep, use


class Interrupted(LocalStorage):
    """The local storage, in which something happens while the first object is opened, or put."""

    def __init__(self, app: Flask, moment: str, meanwhile: Callable[[], object]) -> None:
        super().__init__(app.extensions["settings"])
        app.extensions["storage"] = self
        self._due, self._meanwhile = moment, meanwhile

    def _now(self, moment: str) -> None:
        if moment == self._due:
            self._due = ""
            self._meanwhile()

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        with super().open(key) as file:
            self._now("open")
            yield file

    def put(self, key: str, data: bytes | BinaryIO, *, content_type: str, public: bool) -> None:
        self._now("put")
        super().put(key, data, content_type=content_type, public=public)


@pytest.mark.parametrize("moment", ["open", "put"])
@pytest.mark.parametrize("what", ["upload", "account"])
@pytest.mark.parametrize(("kind", "content_type"), [("photo", "image/jpeg"), ("video", "video/mp4")])
def test_upload_deleted_while_it_is_looked_at_leaves_nothing(
    make: Factory, app: Flask, what: str, moment: str, kind: str, content_type: str
) -> None:
    me = make.user()
    content = photo() if kind == "photo" else film()
    granted = grant(me, content, kind, content_type)
    arrive(app, granted, content)
    me.post(f"/uploads/{granted['id']}/complete")
    done = []

    def delete() -> None:
        if what == "upload":
            assert me.delete(f"/uploads/{granted['id']}").status_code == 200
        else:
            erase(app, me)
        objects.sweep.now()  # what was planned is forgotten before it is there
        done.append(moment)

    Interrupted(app, moment, delete)
    run_jobs(app)
    assert (done, stored(me)) == ([moment], [])
    assert make.execute(select(Job.last_error)) == []


def test_file_that_arrives_after_its_sender_was_erased_is_swept(make: Factory, app: Flask) -> None:
    me = make.user()
    granted = grant(me, photo())
    erase(app, me)
    run_jobs(app)
    arrive(app, granted, photo())
    [ends] = make.execute(select(StoredObject.delete_after))[0]
    assert ends > now() + timedelta(hours=2), "while the grant is good"
    make.execute(update(StoredObject).values(delete_after=now()))
    with app.app_context():
        objects.sweep.now()
    assert stored(me) == []


def test_erased_account_takes_its_files_along(make: Factory, app: Flask) -> None:
    me, somebody = make.user(), make.user()
    use(me, send(me, photo())["id"])
    send(me, film(), "video", "video/mp4")
    send(somebody, photo())
    erase(app, me)
    run_jobs(app)
    assert len(stored(me)) == 2
    age(make, 3.5)
    sweep(app)
    assert (count(make, Upload), count(make, StoredObject)) == (1, 2)


def test_files_of_a_user_whom_the_release_before_has_erased_are_swept(make: Factory, app: Flask) -> None:
    """It knows nothing of uploads: it deletes the row, and the database does the rest."""
    me, somebody = make.user(), make.user()
    for owner in (me, somebody):
        use(owner, send(owner, photo())["id"])
    send(me, film(), "video", "video/mp4")
    make.execute(delete(UserAuth).where(UserAuth.id == me.user_id))
    sweep(app)
    age(make, 26)
    sweep(app)
    assert len(stored(me)) == 2
    assert (count(make, Upload), count(make, StoredObject)) == (1, 2)
