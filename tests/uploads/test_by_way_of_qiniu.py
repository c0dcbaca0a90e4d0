"""An upload that goes to Qiniu, which then says that it has arrived."""

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
import requests
from flask import Flask
from qiniu import Auth

from flask_api.providers.storage.qiniu import FORM
from flask_api.settings import Settings
from tests.clients import Client, data, failure
from tests.conftest import start_app, stop_app
from tests.factories import Factory
from tests.jobs_run import run_jobs
from tests.storage.fake_qiniu import ACCESS, PRIVATE, SECRET, FakeQiniu

from .sending import grant, photo

CALLBACK = "https://api.solo.test/api/v1/uploads/qiniu-callback"


@pytest.fixture
def qiniu() -> Iterator[FakeQiniu]:
    with FakeQiniu() as server:
        yield server


@pytest.fixture
def app(settings: Settings, qiniu: FakeQiniu) -> Iterator[Flask]:
    told = {**qiniu.settings, "public_url": "https://api.solo.test", "outside_timeout": 10}
    app = start_app(settings.model_copy(update=told))
    yield app
    stop_app(app)


def tell(client: Client, key: str, secret: str = SECRET) -> "tuple[int, str]":
    """Call as Qiniu does; return status and word."""
    body = urlencode({"key": key, "size": 1, "type": "image/jpeg"})
    signed = f"QBox {Auth(ACCESS, secret).token_of_request(CALLBACK, body, FORM)}"
    headers = {"Authorization": signed, "Content-Type": FORM}
    answer = client.post("/uploads/qiniu-callback", data=body, headers=headers)
    return (200, data(answer)["state"]) if answer.status_code == 200 else failure(answer)


def test_photo_goes_there_and_its_picture_comes_back(make: Factory, client: Client, qiniu: FakeQiniu) -> None:
    me = make.user()
    granted = grant(me, photo())
    sent = {"file": ("x", photo(), "image/jpeg")}
    assert tell(client, granted["fields"]["key"]) == (409, "UPLOAD_NOT_ARRIVED")
    assert requests.post(granted["url"], granted["fields"], files=sent, timeout=5).status_code == 200
    assert tell(client, granted["fields"]["key"]) == (200, "processing")
    assert tell(client, granted["fields"]["key"]) == (200, "processing"), "once more does no harm"
    run_jobs(me.app)
    assert tell(client, granted["fields"]["key"]) == (200, "ready")
    shown = data(me.get(f"/uploads/{granted['id']}"))
    assert requests.get(shown["url"], timeout=5).content.startswith(b"\xff\xd8")
    assert requests.get(shown["thumbnail_url"], timeout=5).status_code == 200
    assert (PRIVATE, granted["fields"]["key"]) not in qiniu.objects


def test_forged_word_is_not_believed(make: Factory, client: Client) -> None:
    granted = grant(make.user(), photo())
    assert tell(client, granted["fields"]["key"], secret="x" * 40) == (401, "CALLBACK_INVALID")
    assert tell(client, "incoming/no/such") == (404, "UPLOAD_NOT_FOUND")


def test_qiniu_away_is_said_and_nothing_is_lost(make: Factory, qiniu: FakeQiniu) -> None:
    me = make.user()
    granted = grant(me, photo())
    requests.post(granted["url"], granted["fields"], files={"file": ("x", photo(), "image/jpeg")}, timeout=5)
    qiniu.answer = (503, b"")
    assert failure(me.post(f"/uploads/{granted['id']}/complete")) == (503, "STORAGE_ERROR")
    qiniu.answer = None
    assert data(me.post(f"/uploads/{granted['id']}/complete"))["state"] == "processing"
    qiniu.answer = (0, b"")  # hangs, while the job runs
    run_jobs(me.app)
    assert data(me.get(f"/uploads/{granted['id']}"))["state"] == "processing", "it is tried again later"
