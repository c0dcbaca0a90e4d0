"""Sending files to the server: they go to the disk as they come."""

import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from .conftest import RunningServer, StartServer
from .uploading import KEY, head, link, stored
from .wire import Wire, assert_failure

FILE = bytes(range(256)) * 4096  # 1 MB, and more than a request to the app may have


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    server = RunningServer(tmp_path_factory.mktemp("data"), body_timeout=0.5, max_body_size=4096)
    yield server
    server.stop()


@pytest.fixture
def sent_to(impatient: RunningServer) -> RunningServer:
    """A server with an empty folder, which has little patience."""
    shutil.rmtree(impatient.settings.data_dir / "files", ignore_errors=True)
    return impatient


@pytest.fixture
def small_disk(sent_to: RunningServer) -> Iterator[Path]:
    """The folder of the files, on a disk of 2 MB."""
    folder = sent_to.settings.data_dir / "files"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def send(server: RunningServer, path: str, body: bytes = FILE, *headers: str) -> Wire:
    return server.connect().send(head(path, len(body), *headers) + body)


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def begun(server: RunningServer, path: str, sent: int) -> Wire:
    """A client that has sent so much of ``FILE``, and all of that is on the disk."""
    wire = server.connect().send(head(path, len(FILE)) + FILE[:sent])
    assert eventually(lambda: any(len(part) == sent for part in stored(server.settings).values()))
    return wire


def eventually_nothing_is_stored(server: RunningServer) -> bool:
    return eventually(lambda: not stored(server.settings))


def test_file_is_stored_whole_and_the_connection_goes_on(sent_to: RunningServer) -> None:
    with send(sent_to, link(sent_to.settings, len(FILE))) as wire:
        reply = wire.reply("PUT")
        assert (reply.code, reply.json["status"]) == (200, "SUCCESS")
        assert stored(sent_to.settings) == {Path(KEY).name: FILE}
        assert wire.get("/app").json["PATH_INFO"] == "/app"


def test_request_that_follows_in_the_same_packet_is_answered(sent_to: RunningServer) -> None:
    path = link(sent_to.settings, 3)
    with sent_to.connect().send(head(path, 3) + b"abcGET /app HTTP/1.1\r\nHost: h\r\n\r\n") as wire:
        assert wire.reply("PUT").code == 200
        assert wire.reply().json["PATH_INFO"] == "/app"
    assert stored(sent_to.settings) == {Path(KEY).name: b"abc"}


@pytest.mark.parametrize(
    ("length", "code", "status"),
    [(len(FILE) + 1, 413, "TOO_LARGE"), (len(FILE) - 1, 400, "SIZE_WRONG"), (10**17, 413, "TOO_LARGE"),
     (None, 411, "LENGTH_REQUIRED")],
)  # fmt: skip
def test_size_other_than_granted_is_refused_before_a_byte_is_asked_for(
    sent_to: RunningServer, length: int | None, code: int, status: str
) -> None:
    request = head(link(sent_to.settings, len(FILE)), length, "Expect: 100-continue")
    with sent_to.connect().send(request) as wire:
        assert_failure_without_date(wire, code, status)
        assert wire.closed
    assert stored(sent_to.settings) == {}


def assert_failure_without_date(wire: Wire, code: int, status: str) -> None:
    reply = wire.reply("PUT")
    assert (reply.code, reply.json["status"]) == (code, status)
    assert reply.json.keys() == {"code", "status", "message", "request_id"}
    assert reply.headers["connection"] == "close"


def test_chunked_file_is_refused(sent_to: RunningServer) -> None:
    path = link(sent_to.settings, 3)
    with sent_to.connect().send(head(path, None, "Transfer-Encoding: chunked") + b"3\r\nabc\r\n0\r\n\r\n") as wire:
        assert_failure(wire.reply("PUT"), 411, "LENGTH_REQUIRED")
    assert stored(sent_to.settings) == {}


@pytest.mark.parametrize("change", ["key", "size", "expires", "signature", "absent", "over", "secret", "encoded"])
def test_address_that_was_changed_or_is_over_is_refused_before_a_byte_is_asked_for(
    sent_to: RunningServer, change: str
) -> None:
    good = link(sent_to.settings, 3)
    path = {
        "key": good.replace("3f9c", "3f9d"),
        "size": good.replace("size=3", "size=4"),
        "expires": good.replace("expires=1", "expires=2"),
        "signature": good[:-1] + ("A" if good[-1] != "A" else "B"),
        "absent": good.partition("?")[0],
        "over": link(sent_to.settings, 3, lifetime=-1),
        "secret": link(sent_to.settings.model_copy(update={"secret_key": "x" * 32}), 3),
        "encoded": good.replace("/3f9c", "/%33f9c"),
    }[change]
    with sent_to.connect().send(head(path, 3, "Expect: 100-continue")) as wire:
        assert_failure_without_date(wire, 403, "LINK_INVALID")
    assert stored(sent_to.settings) == {}


def test_client_that_waits_to_be_asked_is_asked_after_the_check(sent_to: RunningServer) -> None:
    with sent_to.connect().send(head(link(sent_to.settings, 3), 3, "Expect: 100-continue")) as wire:
        assert wire.reply("PUT").code == 100
        assert wire.send(b"abc").reply("PUT").code == 200
    assert stored(sent_to.settings) == {Path(KEY).name: b"abc"}


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_other_methods_are_refused(sent_to: RunningServer, method: str) -> None:
    with sent_to.connect().send(head(link(sent_to.settings, 3), 3).replace(b"PUT", method.encode(), 1)) as wire:
        assert_failure_without_date(wire, 405, "METHOD_NOT_ALLOWED")


def test_absolute_address_is_the_same_address(sent_to: RunningServer) -> None:
    with send(sent_to, "http://solo.test" + link(sent_to.settings, 3), b"abc") as wire:
        assert wire.reply("PUT").code == 200


def test_second_file_for_one_grant_is_refused(sent_to: RunningServer) -> None:
    path = link(sent_to.settings, 3)
    with send(sent_to, path, b"abc") as wire:
        assert wire.reply("PUT").code == 200
    with send(sent_to, path, b"xyz") as wire:
        assert_failure_without_date(wire, 409, "ALREADY_UPLOADED")
    assert stored(sent_to.settings) == {Path(KEY).name: b"abc"}


def test_of_several_files_at_the_same_moment_one_is_taken(sent_to: RunningServer) -> None:
    path = link(sent_to.settings, len(FILE))
    waiting = [sent_to.connect().send(head(path, len(FILE)) + FILE[:1000]) for _ in range(4)]
    replies = []

    def finish(wire: Wire) -> None:
        with wire:
            with suppress(OSError):  # refused, and closed
                wire.send(FILE[1000:])
            replies.append(wire.reply("PUT").code)

    threads = [threading.Thread(target=finish, args=(wire,)) for wire in waiting]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(replies) == [200, 409, 409, 409]
    assert stored(sent_to.settings) == {Path(KEY).name: FILE}


def test_client_that_leaves_in_the_middle_leaves_nothing_and_may_come_again(sent_to: RunningServer) -> None:
    path = link(sent_to.settings, len(FILE))
    begun(sent_to, path, 300_000).socket.close()
    assert eventually_nothing_is_stored(sent_to)
    with send(sent_to, path) as wire:
        assert wire.reply("PUT").code == 200


def test_client_that_stops_sending_is_let_go(sent_to: RunningServer) -> None:
    with begun(sent_to, link(sent_to.settings, len(FILE)), 300_000) as wire:
        assert_failure(wire.reply("PUT"), 408, "REQUEST_TIMEOUT")
        assert wire.closed
    assert eventually_nothing_is_stored(sent_to)


def test_slow_client_that_goes_on_sending_is_waited_for(sent_to: RunningServer) -> None:
    body = FILE[:700]
    with sent_to.connect().send(head(link(sent_to.settings, 700), 700)) as wire:
        for start in range(0, 700, 100):  # 0.7 s in all, which is over the time for other bodies
            wire.send(body[start : start + 100])
            time.sleep(0.1)
        assert wire.reply("PUT").code == 200
    assert stored(sent_to.settings) == {Path(KEY).name: body}


def test_file_that_fills_the_disk_is_refused_and_leaves_nothing(sent_to: RunningServer, small_disk: Path) -> None:
    with send(sent_to, link(sent_to.settings, len(FILE) * 4), FILE * 4, "Expect: 100-continue") as wire:
        assert_failure_without_date(wire, 507, "STORAGE_FULL")  # known from the start
    path = link(sent_to.settings, len(FILE))
    with begun(sent_to, path, 300_000) as wire:
        (small_disk / "other").write_bytes(b"x" * 1_500_000)
        wire.send(FILE[300_000:])
        assert_failure_without_date(wire, 507, "STORAGE_FULL")
        assert wire.closed
    (small_disk / "other").unlink()
    assert eventually_nothing_is_stored(sent_to)
    with send(sent_to, path) as wire:
        assert wire.reply("PUT").code == 200


def test_upload_under_way_may_end_while_the_server_leaves(start_server: StartServer) -> None:
    server = start_server()
    path = link(server.settings, len(FILE))
    with begun(server, path, 300_000) as wire:
        server.signal_stop()
        time.sleep(0.3)
        reply = wire.send(FILE[300_000:]).reply("PUT")
        assert (reply.code, reply.headers["connection"]) == (200, "close")
    server.join()
    assert stored(server.settings) == {Path(KEY).name: FILE}


def test_app_keeps_its_own_limit(sent_to: RunningServer) -> None:
    with sent_to.connect().send(head("/app", 5000)) as wire:
        assert_failure(wire.reply("PUT"), 413, "TOO_LARGE")
