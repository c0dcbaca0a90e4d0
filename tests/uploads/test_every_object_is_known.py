"""Whatever lies in the storage is known to a row that the sweep reads, whoever dies and however an account goes."""

from collections.abc import Callable
from typing import BinaryIO

import pytest
from flask import Flask
from sqlalchemy import delete, select

from flask_api.providers.storage.local import LocalStorage
from flask_api.uploads import objects
from flask_api.uploads.models import StoredObject
from flask_api.users.models import UserAuth
from tests.clients import Client
from tests.factories import Factory
from tests.jobs_run import run_jobs
from tests.mail.reading import Outbox, user_with_email

from .sending import age, arrive, count, erase, film, grant, photo, stored, sweep


class Killed(BaseException):
    """kill -9: nothing that stands in a program happens after it."""


class KilledAfterPut(LocalStorage):
    """The local storage; whoever puts the first object there is killed."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app.extensions["settings"])
        self.put_before = False

    def put(self, key: str, data: bytes | BinaryIO, *, content_type: str, public: bool) -> None:
        super().put(key, data, content_type=content_type, public=public)
        if not self.put_before:
            self.put_before = True
            raise Killed


def send_photo(me: Client) -> None:
    granted = grant(me, photo(), "photo")
    arrive(me.app, granted, photo())
    me.post(f"/uploads/{granted['id']}/complete")


def send_film(me: Client) -> None:
    granted = grant(me, film(), "video", "video/mp4")
    arrive(me.app, granted, film())
    me.post(f"/uploads/{granted['id']}/complete")


def ask_for_export(me: Client) -> None:
    assert me.post("/emails/exports").status_code == 202


# All that has files stored. What is new, and puts something into the storage, comes here too.
WAYS = [send_photo, send_film, ask_for_export]
each_way = pytest.mark.parametrize("way", WAYS)


@pytest.fixture
def me(make: Factory, outbox: Outbox) -> Client:
    return user_with_email(make, outbox)


def kill_worker(app: Flask) -> None:
    """Run what waits, and be killed as soon as an object lies in the storage."""
    app.extensions["storage"] = KilledAfterPut(app)
    with pytest.raises(Killed):
        run_jobs(app)


def unknown(make: Factory, me: Client) -> list[str]:
    """The files in the storage that no row names which a sweep will ever read."""
    known = {row.key for row in make.execute(select(StoredObject.key))}
    return [str(path) for path in stored(me) if not any(str(path).endswith(key) for key in known)]


def erase_by_cascade(app: Flask, me: Client) -> None:
    """Do as a release did that knew of no files: the database lets all go that is the user's."""
    Factory(app).execute(delete(UserAuth).where(UserAuth.id == me.user_id))


@each_way
def test_object_of_a_killed_worker_is_known_and_swept_with_its_account(
    make: Factory, app: Flask, me: Client, way: Callable[[Client], None]
) -> None:
    way(me)
    kill_worker(app)
    assert stored(me)
    assert unknown(make, me) == []
    erase_by_cascade(app, me)
    age(make, 26)
    sweep(app)
    assert (stored(me), count(make, StoredObject)) == ([], 0)


@each_way
@pytest.mark.parametrize("gone", [erase, erase_by_cascade])
def test_object_that_is_put_when_its_account_has_just_gone_is_known_though_its_worker_dies(
    make: Factory, app: Flask, me: Client, way: Callable[[Client], None], gone: Callable[[Flask, Client], None]
) -> None:
    class Gone(KilledAfterPut):
        def put(self, key: str, data: bytes | BinaryIO, *, content_type: str, public: bool) -> None:
            gone(app, me)
            sweep(app)
            super().put(key, data, content_type=content_type, public=public)

    way(me)
    app.extensions["storage"] = Gone(app)
    with pytest.raises(Killed):
        run_jobs(app)
    assert stored(me)
    assert unknown(make, me) == []
    age(make, 26)
    sweep(app)
    assert (stored(me), count(make, StoredObject)) == ([], 0)


@each_way
def test_finished_object_goes_with_an_account_that_went_by_cascade(
    make: Factory, app: Flask, me: Client, way: Callable[[Client], None]
) -> None:
    way(me)
    run_jobs(app)
    assert stored(me)
    assert unknown(make, me) == []
    erase_by_cascade(app, me)
    sweep(app)
    age(make, 26)
    sweep(app)
    assert (stored(me), count(make, StoredObject)) == ([], 0)


def test_export_that_is_made_later_than_its_file_was_to_go_is_known(make: Factory, app: Flask, me: Client) -> None:
    """No worker ran for a day: the first try has entered the file, and the sweep has deleted and forgotten it."""
    ask_for_export(me)
    kill_worker(app)
    age(make, 26)
    with app.app_context():
        objects.sweep.now()
    assert (stored(me), count(make, StoredObject)) == ([], 0)
    kill_worker(app)
    assert stored(me)
    assert unknown(make, me) == []
