"""Qiniu: its own library reads what we hand out, and signs what we believe."""

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from qiniu import Auth

from flask_api.providers.storage import Storage, StorageError, make_storage
from flask_api.providers.storage.qiniu import FORM
from tests.conftest import make_settings

from .conftest import KEY
from .fake_qiniu import ACCESS, PRIVATE, SECRET, FakeQiniu
from .upstreams import Upstream

SENT = b"x" * 1000
CALLBACK = "https://api.solo.test/api/v1/uploads/qiniu-callback"


def granted(storage: Storage) -> dict[str, str]:
    grant = storage.grant(KEY, content_type="image/jpeg", size=len(SENT), lifetime=600)
    assert (grant.method, grant.fields.keys()) == ("POST", {"token", "key"})
    return grant.fields


def post(qiniu: FakeQiniu, fields: dict[str, str], content: bytes = SENT, content_type: str = "image/jpeg") -> int:
    sent = {"file": ("x", content, content_type)}
    return requests.post(f"{qiniu.url}/upload", data=fields, files=sent, timeout=5).status_code


def test_token_is_of_one_key_one_type_and_one_size(qiniu: Storage) -> None:
    access, signature, policy = Auth.up_token_decode(granted(qiniu)["token"])
    assert access == ACCESS
    assert 590 <= policy.pop("deadline") - time.time() <= 601
    assert policy == {
        "scope": f"{PRIVATE}:{KEY}",
        "fsizeMin": 1000,
        "fsizeLimit": 1000,
        "mimeLimit": "image/jpeg",
        "insertOnly": 1,
        "callbackUrl": CALLBACK,
        "callbackBody": "key=$(key)&size=$(fsize)&type=$(mimeType)",
        "callbackBodyType": "application/x-www-form-urlencoded",
    }
    assert len(signature) == 20


def test_documented_token_is_what_the_library_makes_of_the_documented_policy() -> None:
    """The example of https://developer.qiniu.com/kodo/1208/upload-token: the library is the one of that page."""
    auth = Auth("MY_ACCESS_KEY", "MY_SECRET_KEY")
    policy = (
        '{"scope":"my-bucket:sunflower.jpg","deadline":1451491200,"returnBody":'
        '"{\\"name\\":$(fname),\\"size\\":$(fsize),\\"w\\":$(imageInfo.width),\\"h\\":$(imageInfo.height),'
        '\\"hash\\":$(etag)}"}'
    )
    assert auth.token_with_data(policy).startswith("MY_ACCESS_KEY:wQ4ofysef1R7IKnrziqtomqyDvI=:")


def test_only_the_file_that_was_granted_is_taken_and_only_once(qiniu: Storage, fake_qiniu: FakeQiniu) -> None:
    fields = granted(qiniu)
    assert post(fake_qiniu, fields, SENT + b"x") == 413
    assert post(fake_qiniu, fields, SENT[:-1]) == 403
    assert post(fake_qiniu, fields, content_type="text/html") == 403
    assert post(fake_qiniu, {**fields, "key": "incoming/other"}) == 401
    assert qiniu.size_of(KEY) is None
    assert post(fake_qiniu, fields) == 200
    assert qiniu.size_of(KEY) == 1000
    assert post(fake_qiniu, fields) == 614


def test_word_of_qiniu_is_believed_and_nobody_elses(qiniu: Storage) -> None:
    body = urlencode({"key": KEY, "size": 1000, "type": "image/jpeg"})
    signed = f"QBox {Auth(ACCESS, SECRET).token_of_request(CALLBACK, body, FORM)}"
    assert qiniu.key_in_callback(signed, FORM, body.encode()) == KEY
    wrong = [
        (f"QBox {Auth(ACCESS, 'x' * 40).token_of_request(CALLBACK, body, FORM)}", FORM, body),
        (f"QBox {Auth('x' * 40, SECRET).token_of_request(CALLBACK, body, FORM)}", FORM, body),
        (f"QBox {Auth(ACCESS, SECRET).token_of_request(CALLBACK + '2', body, FORM)}", FORM, body),
        (signed, FORM, body.replace("3f", "3e")),
        (f"QBox {Auth(ACCESS, SECRET).token_of_request(CALLBACK)}", "application/json", json.dumps({"key": KEY})),
        (signed, "application/json", body),
        (signed, FORM, ""),
        ("", FORM, body),
    ]
    for authorization, content_type, text in wrong:
        assert qiniu.key_in_callback(authorization, content_type, text.encode()) is None
    assert qiniu.key_in_callback(signed, FORM, body.encode() + b"\xff") is None


def test_made_picture_has_its_type_and_lies_in_the_public_bucket(qiniu: Storage, fake_qiniu: FakeQiniu) -> None:
    qiniu.put("public/9a/9a.jpg", b"picture", content_type="image/jpeg", public=True)
    assert fake_qiniu.types == {("faces", "public/9a/9a.jpg"): "image/jpeg"}
    assert requests.get(qiniu.public_url("public/9a/9a.jpg"), timeout=5).content == b"picture"


@pytest.mark.parametrize(
    "answer", [(200, b"not JSON"), (200, b"{}"), (200, b"[1]"), (401, b""), (500, b""), (302, b"")]
)
def test_answer_that_is_none_is_an_error(qiniu: Storage, fake_qiniu: FakeQiniu, answer: tuple[int, bytes]) -> None:
    fake_qiniu.answer = answer
    with pytest.raises(StorageError):
        qiniu.size_of(KEY)
    if answer[0] != 200:
        with pytest.raises(StorageError):
            qiniu.put(KEY, b"x", content_type="video/mp4", public=False)
        with pytest.raises(StorageError):
            qiniu.delete([KEY])
        with pytest.raises(StorageError), qiniu.open(KEY):
            pass


@pytest.mark.parametrize("mood", ["refusing", "hanging", "garbage", "endless"])
def test_qiniu_that_does_not_answer_as_it_should_is_an_error_in_time(
    tmp_path: Path, qiniu_settings: dict[str, Any], mood: str
) -> None:
    with Upstream(mood) as upstream:
        places = dict.fromkeys(("qiniu_endpoint", "qiniu_upload_url", "qiniu_private_url"), upstream.url)
        told = {**qiniu_settings, **places, "outside_timeout": 0.3, "max_upload_size": 100_000}
        storage = make_storage(make_settings(tmp_path, **told))
        began = time.monotonic()
        with pytest.raises(StorageError):
            storage.size_of(KEY)
        with pytest.raises(StorageError), storage.open(KEY):
            pass
        assert time.monotonic() - began < 5
