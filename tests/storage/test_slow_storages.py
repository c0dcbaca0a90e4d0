"""Storages that take their time: a call ends at its deadline, and a transfer that goes on has the time it needs."""

import io
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from flask import Flask

from flask_api.providers.outside_calls import calling
from flask_api.providers.storage import Storage, StorageError, make_storage
from flask_api.providers.storage.remote_files import SLOWEST
from tests.conftest import make_settings
from tests.services.upstream import Behaviour, Upstream

from .conftest import KEY, S3

TIMEOUT = 1.0  # seconds
SLACK = 3.0  # the machine does other things too
DRIP = 0.2
LARGE = 24 * 1024 * 1024  # bytes: more than the kernel takes for somebody who reads nothing
PIECES, PAUSE = 40, 0.1
SENT = 8 * 1024 * 1024  # at 2 MB a second: what the system held back of it, left to itself, took too long to go


@pytest.fixture(params=["qiniu", "s3"])
def at(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Storage]:
    """Make a storage whose vendor is at an address."""

    def make(url: str) -> Storage:
        places = {"qiniu_endpoint": url, "qiniu_upload_url": url, "qiniu_private_url": url, "storage_public_url": url}
        own = {**S3, "s3_endpoint": url} if request.param == "s3" else request.getfixturevalue("fake_qiniu").settings
        told = {**own, **places, "storage_provider": request.param, "outside_timeout": TIMEOUT}
        return make_storage(make_settings(tmp_path, **told))

    return make


CALLS: dict[str, Callable[[Storage], object]] = {
    "size_of": lambda storage: storage.size_of(KEY),
    "open": lambda storage: storage.open(KEY).__enter__(),
    "put": lambda storage: storage.put(KEY, bytes(2 * 1024 * 1024), content_type="video/mp4", public=False),
    "delete": lambda storage: storage.delete([KEY]),
}


def ends_in_time(call: Callable[[], object], within: float = TIMEOUT + SLACK) -> None:
    began = time.monotonic()
    with pytest.raises(StorageError):
        call()
    assert time.monotonic() - began < within


# The answer to size_of has no body at S3.
@pytest.mark.long
@pytest.mark.parametrize(
    ("behaviour", "name"),
    [*(("drip_headers", name) for name in CALLS), *(("drip", name) for name in CALLS if name != "size_of")],
)
def test_storage_that_drips_is_given_up_at_the_deadline(
    at: Callable[[str], Storage], behaviour: Behaviour, name: str
) -> None:
    with Upstream(behaviour=behaviour, seconds=DRIP) as upstream:
        upstream.answer = lambda _: (200, {}, b'{"fsize": ' + b" " * 1000 + b"7}")
        storage = at(upstream.url)
        ends_in_time(lambda: CALLS[name](storage))
    assert_no_thread_is_left()


def assert_no_thread_is_left() -> None:
    deadline = time.monotonic() + 5
    while any(one.name == "outside-storage" for one in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def deaf() -> Iterator[str]:
    """The address of somebody who accepts, and reads nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_storage_that_takes_nothing_is_given_up(at: Callable[[str], Storage], deaf: str) -> None:
    storage = at(deaf)
    sent = io.BytesIO(bytes(LARGE))
    ends_in_time(lambda: storage.put(KEY, sent, content_type="video/mp4", public=False))
    assert_no_thread_is_left()


@contextmanager
def listening(serve: Callable[[socket.socket], object]) -> Iterator[str]:
    """The address of somebody who takes one connection and does this with it."""

    def accept() -> None:
        with suppress(OSError):
            client, _ = listener.accept()
            with client:
                serve(client)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)  # what it has not read is not here
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def steady(piece: int) -> Iterator[str]:
    """The address of somebody who sends an object of so many pieces, without haste."""

    def serve(client: socket.socket) -> None:
        client.recv(65536)
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (piece * PIECES))
        for _ in range(PIECES):
            time.sleep(PAUSE)
            client.sendall(b"x" * piece)

    with listening(serve) as url:
        yield url


def take_slowly(client: socket.socket) -> None:
    head, _, body = client.recv(65536).partition(b"\r\n\r\n")
    left = int(re.findall(rb"content-length: (\d+)", head.lower())[0]) - len(body)
    while left:
        time.sleep(PAUSE)
        left -= len(client.recv(min(left, SENT // PIECES), socket.MSG_WAITALL))
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.long
def test_transfer_that_goes_on_may_take_longer_than_a_call(at: Callable[[str], Storage]) -> None:
    piece = int(16 * SLOWEST * PAUSE)
    began = time.monotonic()
    with steady(piece) as url, at(url).open(KEY) as file:
        assert len(file.read()) == piece * PIECES
    with listening(take_slowly) as url:
        at(url).put(KEY, io.BytesIO(bytes(SENT)), content_type="video/mp4", public=False)
    assert time.monotonic() - began > 5 * TIMEOUT


def test_transfer_that_goes_on_too_slowly_is_given_up(at: Callable[[str], Storage]) -> None:
    with steady(int(SLOWEST * PAUSE / 4)) as url:
        ends_in_time(lambda: at(url).open(KEY).__enter__())


def test_while_too_many_requests_wait_the_storage_is_not_asked(at: Callable[[str], Storage], app: Flask) -> None:
    with Upstream(behaviour="hang") as upstream, app.test_request_context():
        storage = at(upstream.url)
        with calling("storage"), calling("storage"):
            ends_in_time(lambda: storage.size_of(KEY), within=TIMEOUT)
        assert upstream.connections == 0
