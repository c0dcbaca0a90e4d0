"""What all storages have in common: the local disk, S3 as moto plays it, and a played Qiniu."""

import io
from pathlib import Path

import pytest
import requests
from flask import Flask

from flask_api.core.transaction import transactional
from flask_api.providers.storage import ObjectMissing, Storage, make_storage
from tests.conftest import make_settings

from .conftest import KEY

MADE = "public/9a/9a01.jpg"
LARGE = bytes(range(256)) * 12_000  # 3 MB: it waits on the disk


@pytest.mark.parametrize("content", [b"abc", LARGE], ids=["small", "large"])
def test_what_is_put_is_there_and_what_is_deleted_is_not(storage: Storage, content: bytes) -> None:
    assert storage.size_of(KEY) is None
    storage.put(KEY, io.BytesIO(content), content_type="video/mp4", public=False)
    assert storage.size_of(KEY) == len(content)
    with storage.open(KEY) as file:
        assert file.read(3) == content[:3]
        file.seek(0)
        assert file.read() == content
    storage.put(KEY, b"again", content_type="video/mp4", public=False)
    assert storage.size_of(KEY) == 5
    storage.delete([KEY, "incoming/no/such"])
    assert storage.size_of(KEY) is None
    with pytest.raises(ObjectMissing), storage.open(KEY):
        pass


def test_public_object_has_an_address_that_stays(storage: Storage) -> None:
    storage.put(MADE, b"picture", content_type="image/jpeg", public=True)
    assert storage.public_url(MADE).endswith(MADE)
    assert "?" not in storage.public_url(MADE)
    with pytest.raises(ValueError, match="key"):
        storage.private_url(MADE, lifetime=60, filename="x")


def test_part_of_a_key_is_what_an_object_is(storage: Storage) -> None:
    for key, public in ((MADE, False), (KEY, True), ("../x/y", False), ("/etc/passwd", False), ("a//b", False)):
        with pytest.raises(ValueError, match="key"):
            storage.put(key, b"", content_type="image/jpeg", public=public)


def test_callback_of_nobody_is_of_nobody(storage: Storage) -> None:
    for authorization in ("", "QBox a:b", "Qiniu a:b", "Bearer x"):
        assert storage.key_in_callback(authorization, "application/x-www-form-urlencoded", b"key=x") is None


@pytest.mark.parametrize("name", ["s3", "qiniu"])
def test_nothing_outside_is_called_while_a_transaction_is_open(
    request: pytest.FixtureRequest, app: Flask, name: str
) -> None:
    storage: Storage = request.getfixturevalue(name)
    with app.app_context(), pytest.raises(RuntimeError, match="transaction"):
        transactional(storage.size_of)(KEY)


@pytest.mark.parametrize("name", ["s3", "qiniu"])
def test_private_object_is_read_at_a_signed_address_only(request: pytest.FixtureRequest, name: str) -> None:
    storage: Storage = request.getfixturevalue(name)
    storage.put("private/1/film.mp4", b"film", content_type="video/mp4", public=False)
    url = storage.private_url("private/1/film.mp4", lifetime=60, filename="我的.mp4")
    answer = requests.get(url, timeout=5)
    assert (answer.status_code, answer.content) == (200, b"film")
    if name == "s3":
        assert answer.headers["Content-Disposition"].startswith("attachment")
    else:
        assert requests.get(url.replace("film", "filn"), timeout=5).status_code == 401


@pytest.mark.parametrize("name", ["s3", "qiniu"])
def test_proxies_of_the_environment_are_not_used(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    settings = make_settings(tmp_path, **request.getfixturevalue(f"{name}_settings"))
    with monkeypatch.context() as changed:
        for variable in ("no_proxy", "NO_PROXY"):
            changed.delenv(variable, raising=False)
        for variable in ("http_proxy", "https_proxy", "all_proxy"):
            changed.setenv(variable, "http://127.0.0.1:9")
        storage = make_storage(settings)
        storage.put(KEY, b"abc", content_type="video/mp4", public=False)
        assert storage.size_of(KEY) == 3
        with storage.open(KEY) as file:
            assert file.read() == b"abc"
