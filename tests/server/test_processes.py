"""Several processes on one socket: replaced when they die, ended together."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.services.process import die_with_parent

from .wire import Wire

ROOT = Path(__file__).resolve().parents[2]
SERVES = """
import logging, os, sys, time
from contextlib import suppress
from functools import partial
from flask_api.server.listening import ServingError, address_of, listen
from flask_api.server.processes import Workers
from flask_api.server.serving import Service, serve
from flask_api.settings import Settings

def app(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        print("working", flush=True)
        time.sleep(float(environ["QUERY_STRING"]))
    if environ["PATH_INFO"] == "/exit":
        os._exit(3)
    start_response("200 OK", [])
    return [str(os.getpid()).encode()]

def run(service, number, orphaned):
    if os.environ.get("FAILS"):
        raise RuntimeError("the tables are gone")
    if os.environ.get("DIES") or os.environ.get("ONE_DIES") and number == 1:
        os._exit(7)
    serve(service, orphaned)

def tell():
    with suppress(OSError):
        os.write(1, b"ready\\n")

settings = Settings()
listening = listen(settings)
service = Service(app, settings, listening.sockets, on_ready=tell)
print(address_of(listening.sockets[0], secure=False), flush=True)
try:
    Workers(int(sys.argv[1]), partial(run, service), listening.sockets, settings.drain_timeout).run()
except ServingError as error:
    print(error, flush=True)
    sys.exit(2)
print("left", flush=True)
"""
PATIENCE = 15.0


class Server:
    def __init__(self, data_dir: Path, count: int, **environment: str) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("SOLO_")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVES, str(count)],
            cwd=ROOT,
            env={**clean, "SOLO_PORT": "0", "SOLO_DATA_DIR": str(data_dir), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            preexec_fn=die_with_parent(),
        )
        self.port = int(self.line().rpartition(":")[2])

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def wait_ready(self, count: int) -> None:
        assert [self.line() for _ in range(count)] == ["ready"] * count

    def connect(self) -> Wire:
        return Wire(socket.create_connection(("127.0.0.1", self.port), timeout=10))

    def lets_in(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=10).close()
        except ConnectionRefusedError:
            return False
        return True

    def pid(self) -> int:
        with self.connect() as wire:
            return int(wire.get("/").body)

    def pids(self, count: int) -> set[int]:
        """Those that answer, once there are so many."""
        seen: Counter[int] = Counter()
        deadline = time.monotonic() + PATIENCE
        while len(seen) < count and time.monotonic() < deadline:
            seen[self.pid()] += 1
        assert len(seen) == count
        return set(seen)


Start = Callable[..., Server]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Server] = []

    def begin(count: int, **environment: str) -> Server:
        started.append(Server(tmp_path, count, **environment))
        return started[-1]

    yield begin
    for server in started:
        server.process.kill()
        server.process.wait()


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pids: set[int]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while any(map(runs, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(map(runs, pids))


def test_killed_process_is_replaced_and_the_other_goes_on(start: Start) -> None:
    server = start(2)
    server.wait_ready(2)
    first = server.pids(2)
    victim = first.pop()
    os.kill(victim, signal.SIGKILL)
    server.wait_ready(1)
    second = server.pids(2)
    assert victim not in second
    assert first < second


def test_process_that_ends_in_a_request_is_replaced(start: Start) -> None:
    server = start(2)
    server.wait_ready(2)
    before = server.pids(2)
    with server.connect() as wire:
        assert wire.send(b"GET /exit HTTP/1.1\r\nHost: h\r\n\r\n").closed
    server.wait_ready(1)
    assert len(server.pids(2) & before) == 1


@pytest.mark.long
@pytest.mark.parametrize(
    ("trouble", "error"), [("FAILS", "RuntimeError: the tables are gone"), ("DIES", "exit code 7")]
)
def test_dying_again_and_again_ends_the_server_with_the_error(start: Start, trouble: str, error: str) -> None:
    server = start(2, **{trouble: "1"})
    assert server.line() == f"a process died 5 times in a row at its start: {error}"
    assert server.process.wait(PATIENCE) == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_lets_all_finish_what_is_in_flight(start: Start, number: signal.Signals) -> None:
    server = start(2)
    server.wait_ready(2)
    pids = server.pids(2)
    with server.connect() as one, server.connect() as two:
        for wire in (one, two):
            wire.send(b"GET /slow?0.5 HTTP/1.1\r\nHost: h\r\n\r\n")
            assert server.line() == "working"
        server.process.send_signal(number)
        assert (one.reply().code, two.reply().code) == (200, 200)
    assert server.line() == "left"
    assert server.process.wait(PATIENCE) == 0
    assert gone(pids)


@pytest.mark.long
def test_second_ctrl_c_cuts_draining_short_and_a_second_sigterm_does_not(start: Start) -> None:
    server = start(2)
    server.wait_ready(2)
    with server.connect() as busy, server.connect() as idle:
        busy.send(b"GET /slow?60 HTTP/1.1\r\nHost: h\r\n\r\n")
        assert server.line() == "working"
        assert idle.get("/").code == 200
        server.process.terminate()
        assert idle.closed  # the first signal has been heard
        server.process.terminate()
        with pytest.raises(subprocess.TimeoutExpired):
            server.process.wait(0.5)
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(PATIENCE) == 0


@pytest.mark.long
def test_nobody_is_let_in_while_the_last_request_is_answered(start: Start) -> None:
    server = start(2)
    server.wait_ready(2)
    with server.connect() as busy:
        busy.send(b"GET /slow?1 HTTP/1.1\r\nHost: h\r\n\r\n")
        assert server.line() == "working"
        server.process.terminate()
        deadline = time.monotonic() + PATIENCE
        while server.lets_in() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not server.lets_in()
        assert busy.reply().code == 200
    assert server.process.wait(PATIENCE) == 0


@pytest.mark.long
def test_one_that_dies_again_and_again_lets_the_others_finish(start: Start) -> None:
    server = start(2, ONE_DIES="1")
    server.wait_ready(1)
    with server.connect() as busy:
        busy.send(b"GET /slow?4 HTTP/1.1\r\nHost: h\r\n\r\n")
        assert server.line() == "working"
        assert busy.reply().code == 200
    assert server.line() == "a process died 5 times in a row at its start: exit code 7"
    assert server.process.wait(PATIENCE) == 2


def test_process_goes_on_when_nobody_reads_what_it_prints(start: Start) -> None:
    server = start(2)
    server.wait_ready(2)
    before = server.pids(2)
    assert server.process.stdout is not None
    server.process.stdout.close()
    os.kill(before.copy().pop(), signal.SIGKILL)
    assert len(server.pids(2) & before) == 1


def test_processes_do_not_outlive_a_parent_that_is_killed(start: Start) -> None:
    server = start(2)
    server.wait_ready(2)
    pids = server.pids(2)
    server.process.kill()
    assert gone(pids)


@pytest.mark.long
def test_killed_one_after_another_no_process_is_missing_at_the_end(start: Start) -> None:
    server = start(3)
    server.wait_ready(3)
    for _ in range(6):
        os.kill(server.pid(), signal.SIGKILL)
        server.wait_ready(1)
    assert len(server.pids(3)) == 3
