"""S3: what boto3 signs for us says what we mean, and moto, which plays S3, agrees."""

import base64
import hashlib
import hmac
import io
import json
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
import requests

from flask_api.providers.storage import ObjectMissing, Storage, StorageError, make_storage
from flask_api.settings import SettingsError, load_settings
from tests.conftest import make_settings
from tests.services.upstream import Request
from tests.services.upstream import Upstream as Services

from .conftest import KEY, S3
from .upstreams import Upstream

SENT = b"x" * 1000


def form(storage: Storage) -> Any:
    return storage.grant(KEY, content_type="image/jpeg", size=len(SENT), lifetime=600)


def test_policy_is_of_one_key_one_type_and_one_size(s3: Storage) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html"""
    granted = form(s3)
    policy = json.loads(base64.b64decode(granted.fields["policy"]))
    conditions = policy["conditions"]
    assert {"Content-Type": "image/jpeg"} in conditions
    assert ["content-length-range", 1000, 1000] in conditions
    assert {"bucket": "photos"} in conditions
    assert {"key": KEY} in conditions
    assert (granted.method, granted.fields["key"]) == ("POST", KEY)
    ends = time.mktime(time.strptime(policy["expiration"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
    assert 590 <= ends - time.time() <= 601


def test_form_is_taken_and_each_of_its_fields_is_held_by_the_policy(s3: Storage) -> None:
    """moto takes a form whatever its policy says; that S3 holds to it is S3's own documented part."""
    granted = form(s3)
    assert requests.post(granted.url, granted.fields, files={"file": ("x", SENT)}, timeout=5).status_code == 204
    assert s3.size_of(KEY) == 1000
    policy = json.loads(base64.b64decode(granted.fields["policy"]))
    held = {name for condition in policy["conditions"] if isinstance(condition, dict) for name in condition}
    assert granted.fields.keys() - held == {"policy", "x-amz-signature"}


def test_address_of_a_private_object_ends_and_has_it_saved(s3: Storage) -> None:
    query = parse_qs(urlsplit(s3.private_url("private/1/film.mp4", lifetime=60, filename="我 的.mp4")).query)
    assert query["X-Amz-Expires"] == ["60"]
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["response-content-disposition"] == ["attachment; filename*=UTF-8''%E6%88%91%20%E7%9A%84.mp4"]
    assert query["response-content-type"] == ["video/mp4"]


def test_each_request_is_as_it_was_signed(tmp_path: Path, s3_settings: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html; moto looks at no signature."""
    with Services() as upstream:
        storage = make_storage(make_settings(tmp_path, **{**s3_settings, "s3_endpoint": upstream.url}))
        assert storage.size_of(KEY) == 2
        with storage.open(KEY) as file:
            assert file.read() == b"{}"
        storage.put("public/9a/9a.jpg", SENT, content_type="image/jpeg", public=True)
        storage.put("private/1/film.mp4", io.BytesIO(SENT), content_type="video/mp4", public=False)
        storage.delete([KEY])
        for request in upstream.requests:
            assert request.query["X-Amz-Signature"] == signature_of(request)
    told = [
        (one.method, one.path, one.headers.get("content-type"), one.headers.get("cache-control"), one.body)
        for one in upstream.requests
    ]
    assert told == [
        ("HEAD", f"/photos/{KEY}", None, None, b""),
        ("GET", f"/photos/{KEY}", None, None, b""),
        ("PUT", "/photos/public/9a/9a.jpg", "image/jpeg", "public, max-age=31536000, immutable", SENT),
        ("PUT", "/photos/private/1/film.mp4", "video/mp4", None, SENT),
        ("DELETE", f"/photos/{KEY}", None, None, b""),
    ]
    assert upstream.requests[3].headers["content-disposition"] == "attachment"


def signature_of(request: Request) -> str:
    query = {name: value for name, value in request.query.items() if name != "X-Amz-Signature"}
    assert query["X-Amz-Expires"] == "600"
    names = query["X-Amz-SignedHeaders"].split(";")
    headers = "".join(f"{name}:{request.headers[name]}\n" for name in names)
    asked = urlencode(sorted(query.items()), quote_via=quote, safe="")
    lines = [request.method, request.path, asked, headers, ";".join(names), "UNSIGNED-PAYLOAD"]
    scope = query["X-Amz-Credential"].partition("/")[2]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    key = f"AWS4{S3['s3_secret_key']}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, f"AWS4-HMAC-SHA256\n{query['X-Amz-Date']}\n{scope}\n{digest}".encode(), "sha256").hex()


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "photos.s3.amazonaws.com"),
        ("eu-central-1", "photos.s3.eu-central-1.amazonaws.com"),
        ("cn-north-1", "photos.s3.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_at_aws_addresses_are_those_of_the_region_which_redirect_nobody(
    tmp_path: Path, s3_settings: dict[str, Any], region: str, host: str
) -> None:
    storage = make_storage(make_settings(tmp_path, **{**s3_settings, "s3_endpoint": "", "s3_region": region}))
    assert urlsplit(form(storage).url).netloc == host
    assert urlsplit(storage.private_url("private/1/film.mp4", lifetime=60, filename="x")).netloc == host


@pytest.mark.parametrize(("code", "missing"), [("NoSuchKey", True), ("NoSuchBucket", False)])
def test_object_is_missing_only_where_there_is_a_bucket(
    tmp_path: Path, s3_settings: dict[str, Any], code: str, missing: bool
) -> None:
    text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>None</Message></Error>".encode()
    with Services(lambda _: (404, {"Content-Type": "application/xml"}, text)) as upstream:
        storage = make_storage(make_settings(tmp_path, **{**s3_settings, "s3_endpoint": upstream.url}))
        with pytest.raises(ObjectMissing if missing else StorageError), storage.open(KEY):
            pass
        with nullcontext() if missing else pytest.raises(StorageError):
            storage.delete([KEY])


@pytest.mark.parametrize("mood", ["refusing", "hanging", "garbage", "failing", "endless"])
def test_storage_that_does_not_answer_as_it_should_is_an_error_in_time(
    tmp_path: Path, s3_settings: dict[str, Any], mood: str
) -> None:
    with Upstream(mood) as upstream:
        told = {**s3_settings, "s3_endpoint": upstream.url, "outside_timeout": 0.3, "max_upload_size": 100_000}
        storage = make_storage(make_settings(tmp_path, **told))
        began = time.monotonic()
        with pytest.raises(StorageError):
            storage.size_of(KEY) if mood != "endless" else storage.open(KEY).__enter__()
        assert time.monotonic() - began < 5


def test_setting_that_is_missing_is_named() -> None:
    with pytest.raises(SettingsError, match="SOLO_S3_BUCKET is missing: SOLO_STORAGE_PROVIDER is s3"):
        load_settings(Path("/nonexistent"), storage_provider="s3")


def test_package_that_is_missing_is_told_in_one_line(tmp_path: Path, s3_settings: dict[str, Any]) -> None:
    import sys

    hidden = {name: sys.modules.pop(name) for name in [*sys.modules] if name.partition(".")[0] == "boto3"}
    hidden |= {name: sys.modules.pop(name) for name in [*sys.modules] if name.endswith("providers.storage.s3")}
    sys.modules["boto3"] = None  # type: ignore[assignment]
    try:
        with pytest.raises(SettingsError) as told:
            make_storage(make_settings(tmp_path, **s3_settings))
    finally:
        sys.modules.update(hidden)
    advice = "needs packages that are not installed: pip install -r requirements-providers.txt"
    assert str(told.value) == f"SOLO_STORAGE_PROVIDER: s3 {advice}"
