"""Storages to try: the vendors', played on loopback."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer

from flask_api.providers.storage import Storage, make_storage
from tests.conftest import make_settings

from .fake_qiniu import FakeQiniu

KEY = "incoming/3f/3f9c0a"
S3 = {"s3_bucket": "photos", "s3_access_key": "AKIA0EXAMPLE", "s3_secret_key": "s" * 40}


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The address of an S3."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_settings(moto: str) -> Iterator[dict[str, Any]]:
    keys = {"aws_access_key_id": S3["s3_access_key"], "aws_secret_access_key": S3["s3_secret_key"]}
    client = boto3.client("s3", endpoint_url=moto, region_name="us-east-1", **keys)
    client.create_bucket(Bucket="photos")
    public = f"{moto}/photos"
    yield {"storage_provider": "s3", "s3_endpoint": moto, "storage_public_url": public, "outside_timeout": 10, **S3}
    requests.post(f"{moto}/moto-api/reset", timeout=5)


@pytest.fixture
def fake_qiniu() -> Iterator[FakeQiniu]:
    with FakeQiniu() as server:
        yield server


@pytest.fixture
def qiniu_settings(fake_qiniu: FakeQiniu) -> dict[str, Any]:
    return {"outside_timeout": 10, "public_url": "https://api.solo.test", **fake_qiniu.settings}


@pytest.fixture(params=["local", "s3", "qiniu"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """Each storage there is."""
    told = {} if request.param == "local" else request.getfixturevalue(f"{request.param}_settings")
    return make_storage(make_settings(tmp_path, **told))


@pytest.fixture
def s3(s3_settings: dict[str, Any], tmp_path: Path) -> Storage:
    return make_storage(make_settings(tmp_path, **s3_settings))


@pytest.fixture
def qiniu(qiniu_settings: dict[str, Any], tmp_path: Path) -> Storage:
    return make_storage(make_settings(tmp_path, **qiniu_settings))
