"""S3: what boto3 signs for us says what we mean, and moto, which plays S3, agrees."""

import base64
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from flask_api.providers.storage import Storage, StorageError, make_storage
from flask_api.settings import SettingsError, load_settings
from tests.conftest import make_settings

from .conftest import KEY
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
