"""What tests of core share."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from flask_api.settings import Settings
from tests.clients import Client
from tests.core.other_process import OtherProcess
from tests.services import mariadb

needs_mariadb = pytest.mark.skipif(mariadb.running_url() is None, reason="no MariaDB: run by make test-all")

KeptOf = Callable[[Client], bytes | None]


@pytest.fixture
def other(app: Flask, settings: Settings) -> Iterator[OtherProcess]:
    """A second process on the same database and Redis."""
    with OtherProcess(settings) as process:
        yield process


@pytest.fixture
def kept_of(app: Flask) -> KeptOf:
    """What Redis keeps of a user beside the token: a record, which starts with {, or markers, or nothing."""
    redis = app.extensions["redis"]

    def read(user: Client) -> bytes | None:
        key = f"caller:{{{user.user_id}}}"
        kept: bytes | None = b",".join(redis.hkeys(key)) if redis.type(key) == b"hash" else redis.get(key)
        return kept

    return read
