"""A server that leaves a socket on which others go on: its clients do not notice."""

import select
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from flask_api.server.listener import Listener
from flask_api.server.notify import READY, STOPPING, notify

from .conftest import StartServer
from .wire import Wire

REQUEST = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=128) as opened:
        opened.setblocking(False)
        yield opened


def connect(listener: socket.socket) -> Wire:
    return Wire(socket.create_connection(listener.getsockname(), timeout=10))


def test_idle_connection_gets_one_more_request_answered(start_server: StartServer, listener: socket.socket) -> None:
    server = start_server(listener=listener.dup(), shared=True)
    with connect(listener) as silent, connect(listener) as idle:
        assert idle.get("/").headers.get("connection") is None
        server.signal_stop()
        time.sleep(0.3)
        for wire in (idle, silent):
            reply = wire.send(REQUEST).reply()
            assert (reply.code, reply.headers["connection"]) == (200, "close")
            assert wire.closed
    server.join()


def test_leaving_ends_although_a_client_stays_silent(start_server: StartServer, listener: socket.socket) -> None:
    server = start_server(listener=listener.dup(), shared=True)
    with connect(listener) as silent:
        assert silent.get("/").code == 200
        server.signal_stop()
        assert silent.closed
    server.join()


def test_who_connects_after_one_has_left_is_served_by_the_next(
    start_server: StartServer, listener: socket.socket
) -> None:
    first = start_server(listener=listener.dup(), shared=True)
    first.signal_stop()
    first.join()
    with connect(listener) as early:  # nobody serves: it waits in the backlog
        early.send(REQUEST)
        start_server(listener=listener.dup(), shared=True)
        assert early.reply().code == 200


def test_one_after_another_takes_over_under_load_and_no_request_fails(
    start_server: StartServer, listener: socket.socket
) -> None:
    failures: list[str] = []
    answered = 0
    over = threading.Event()
    lock = threading.Lock()

    def ask(stays: bool) -> None:
        nonlocal answered
        wire = connect(listener)
        while not over.is_set():
            try:
                last = wire.send(REQUEST).reply().headers.get("connection") == "close"
                with lock:
                    answered += 1
            except Exception as error:
                failures.append(repr(error))
                last = True
            if last or not stays:
                wire.__exit__(None, None, None)
                wire = connect(listener)
            time.sleep(0.005)
        wire.__exit__(None, None, None)

    server = start_server(listener=listener.dup(), shared=True)
    threads = [threading.Thread(target=ask, args=(number % 2 == 0,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        successor = start_server(listener=listener.dup(), shared=True)
        server.signal_stop()
        time.sleep(0.1)
        server = successor
    over.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert answered > 200


def test_when_all_leave_a_client_is_refused_or_answered_and_nothing_between(
    start_server: StartServer, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_api.server.serving.others_go_on", lambda: False)
    outcomes: list[str] = []
    refused = threading.Event()

    def knock() -> None:
        while not refused.is_set():
            try:
                wire = connect(listener)
            except OSError as error:
                if not isinstance(error, ConnectionRefusedError):
                    outcomes.append(repr(error))
                refused.set()
                return
            try:
                outcomes.append(str(wire.send(REQUEST).reply().code))
            except Exception as error:
                outcomes.append(repr(error))
            wire.__exit__(None, None, None)

    servers = [start_server(listener=listener.dup(), shared=True) for _ in range(2)]
    threads = [threading.Thread(target=knock) for _ in range(16)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    for server in servers:
        server.signal_stop()
    for thread in threads:
        thread.join(10)
    assert refused.is_set()
    assert set(outcomes) == {"200"}
    for server in servers:
        server.join()
    start_server(listener=listener.dup(), shared=True)  # as supervisord does, when one is wanted again before the end
    with connect(listener) as wire:
        assert wire.get("/").code == 200


@pytest.mark.skipif(sys.platform != "linux", reason="the filter is Linux's")
def test_who_comes_after_one_that_was_killed_while_closing_takes_newcomers_in(
    start_server: StartServer, listener: socket.socket
) -> None:
    killed = Listener(fileno=listener.dup().detach())
    killed.ignore_newcomers()
    with socket.socket() as ignored:
        ignored.settimeout(0.2)
        with pytest.raises(TimeoutError):
            ignored.connect(listener.getsockname())
    start_server(listener=listener.dup(), shared=True)
    with connect(listener) as wire:
        assert wire.get("/").code == 200
    killed.close()


def test_socket_is_left_alone_until_the_app_is_ready(start_server: StartServer, tmp_path: Path) -> None:
    asked = threading.Semaphore(0)
    ready = threading.Event()

    def is_ready() -> bool:
        asked.release()
        return ready.is_set()

    own = tmp_path / "own.sock"
    server = start_server(ready_timeout=30, is_ready=is_ready, own_socket=own)
    with server.connect() as waiting, socket.socket(socket.AF_UNIX) as private:
        private.connect(str(own))
        assert Wire(private).get("/").code == 200  # who deploys may ask it already
        waiting.send(REQUEST)
        assert asked.acquire(timeout=5)
        assert asked.acquire(timeout=5)
        waiting.socket.settimeout(0.1)
        with pytest.raises(TimeoutError):
            waiting.socket.recv(1)
        ready.set()
    with server.connect() as served:
        assert served.get("/").code == 200


def test_who_deploys_is_answered_although_the_queue_is_full(start_server: StartServer, tmp_path: Path) -> None:
    own = tmp_path / "own.sock"
    server = start_server(threads=1, queue_size=1, own_socket=own)
    with server.connect() as one, server.connect() as two, server.connect() as three:
        one.send(b"GET /hold HTTP/1.1\r\nHost: h\r\n\r\n")
        assert server.app.held.acquire(timeout=5)
        for wire in (two, three):  # one of them waits, the other is shed
            wire.send(REQUEST)
        readable, _, _ = select.select([two.socket, three.socket], [], [], 5)
        shed = two if two.socket in readable else three
        assert shed.reply().code == 503
        with socket.socket(socket.AF_UNIX) as private:
            private.settimeout(10)
            private.connect(str(own))
            asking = Wire(private).send(REQUEST)
            server.app.release.set()
            assert asking.reply().code == 200


def test_app_that_is_never_ready_is_served_after_the_time_out(start_server: StartServer) -> None:
    server = start_server(ready_timeout=0.3, is_ready=lambda: False)
    with server.connect() as wire:
        assert wire.get("/").code == 200


def test_server_that_waits_for_its_app_can_be_stopped(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server(ready_timeout=30, is_ready=lambda: False, own_socket=tmp_path / "own.sock")
    server.signal_stop()
    server.join()


@pytest.mark.parametrize("prefix", ["", "@"])
def test_who_started_us_hears_how_we_fare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    name = str(tmp_path / "notify")[-90:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind("\0" + name if prefix else name)
        channel.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", prefix + name)
        notify(READY)
        notify(STOPPING)
        assert [channel.recv(100), channel.recv(100)] == [b"READY=1", b"STOPPING=1"]


def test_nobody_hears_and_nothing_breaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "none"))
    assert notify(READY) is None
    monkeypatch.delenv("NOTIFY_SOCKET")
    assert notify(READY) is None
