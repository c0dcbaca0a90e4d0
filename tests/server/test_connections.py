"""Limits, time-outs, and connections that stay, leave or are dropped."""

import socket
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from .conftest import RunningServer, StartServer
from .wire import Wire, assert_failure

GET = b"GET %b HTTP/1.1\r\nHost: solo.test\r\n%b\r\n"
POST = b"POST / HTTP/1.1\r\nHost: solo.test\r\n%b\r\n\r\n"


def test_connection_is_kept_and_pipelined_requests_are_answered_in_order(wire: Wire) -> None:
    paths = [b"/%d" % number for number in range(50)]
    wire.send(b"".join(GET % (path, b"") for path in paths))
    assert [wire.reply().json["PATH_INFO"].encode() for _ in paths] == paths


@pytest.mark.parametrize("option", [b"close", b"Close", b"keep-alive, close"])
def test_connection_is_closed_when_asked(wire: Wire, option: bytes) -> None:
    assert wire.send(GET % (b"/", b"Connection: %b\r\n" % option)).reply().headers["connection"] == "close"
    assert wire.closed


def test_http_1_0_closes_unless_it_asks_to_stay(server: RunningServer) -> None:
    with server.connect() as wire:
        assert wire.send(b"GET / HTTP/1.0\r\n\r\n").reply().headers["connection"] == "close"
        assert wire.closed
    with server.connect() as wire:
        for _ in range(2):
            reply = wire.send(b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").reply()
            assert reply.headers["connection"] == "keep-alive"


def test_expect_100_continue_is_told_to_go_on(wire: Wire) -> None:
    assert wire.send(POST % b"Expect: 100-continue\r\nContent-Length: 3").reply().code == 100
    assert wire.send(b"abc").reply().json["body"] == "abc"


def test_expect_100_continue_with_too_much_is_refused_before_it_is_sent(wire: Wire) -> None:
    reply = wire.send(POST % b"Expect: 100-continue\r\nContent-Length: 99999999").reply()
    assert_failure(reply, 413, "TOO_LARGE")


def test_client_that_leaves_while_the_app_runs_does_no_harm(start_server: StartServer) -> None:
    server = start_server(threads=1)
    with server.connect() as wire:
        wire.send(GET % (b"/hold", b""))
        assert server.app.held.acquire(timeout=5)
    server.app.release.set()
    assert server.app.finished.acquire(timeout=5)
    with server.connect() as wire:
        assert wire.get("/").code == 200


def test_full_queue_is_answered_503_at_once_and_recovers(start_server: StartServer) -> None:
    server = start_server(threads=2, queue_size=3)
    with ExitStack() as stack:
        waiting = [stack.enter_context(server.connect()).send(GET % (b"/hold", b"")) for _ in range(5)]
        for _ in range(2):
            assert server.app.held.acquire(timeout=5)
        late = stack.enter_context(server.connect())
        deadline = time.monotonic() + 5
        while late.get("/").code != 503:  # until all five have arrived
            assert time.monotonic() < deadline
        reply = late.get("/")
        assert_failure(reply, 503, "SERVICE_UNAVAILABLE")
        assert reply.headers["retry-after"] == "1"
        server.app.release.set()
        assert [wire.reply().code for wire in waiting] == [200] * 5
        assert late.get("/").code == 200


def test_body_at_the_limit_passes_and_one_byte_more_is_413(start_server: StartServer) -> None:
    server = start_server(max_body_size=100_000)
    with server.connect() as wire:
        assert len(wire.send(POST % b"Content-Length: 100000" + b"x" * 100_000).reply().json["body"]) == 100_000
    with server.connect() as wire:
        reply = wire.send(POST % b"Content-Length: 100001").reply()  # before any of it is sent
        assert_failure(reply, 413, "TOO_LARGE")
        assert reply.headers["connection"] == "close"
        wire.socket.shutdown(socket.SHUT_WR)
        assert wire.closed


def test_client_that_goes_on_sending_can_still_read_its_413(start_server: StartServer) -> None:
    server = start_server(max_body_size=1000)
    with server.connect() as wire:
        wire.send(POST % b"Content-Length: 3000000" + b"x" * 3_000_000)
        assert_failure(wire.reply(), 413, "TOO_LARGE")


def test_chunked_body_over_the_limit_is_413_while_it_is_read(start_server: StartServer) -> None:
    server = start_server(max_body_size=1000)
    chunk = b"1f4\r\n" + b"x" * 500 + b"\r\n"
    with server.connect() as wire:
        wire.send(POST % b"Transfer-Encoding: chunked" + chunk * 2 + b"0\r\n\r\n")
        assert wire.reply().code == 200
        wire.send(POST % b"Transfer-Encoding: chunked" + chunk * 2 + b"1\r\n")
        assert_failure(wire.reply(), 413, "TOO_LARGE")


@pytest.mark.parametrize("terminated", [True, False])
def test_headers_over_the_limit_are_431(start_server: StartServer, terminated: bool) -> None:
    server = start_server(max_header_size=2048)
    with server.connect() as wire:
        wire.send(GET % (b"/", b"A: " + b"x" * 1900 + b"\r\n"))
        assert wire.reply().code == 200
        wire.send(GET.removesuffix(b"\r\n") % (b"/", b"A: " + b"x" * 4000 + (b"\r\n\r\n" if terminated else b"")))
        reply = wire.reply()
        assert_failure(reply, 431, "HEADERS_TOO_LARGE")
        assert reply.headers["connection"] == "close"


def test_long_target_is_431(wire: Wire) -> None:
    assert_failure(wire.send(GET % (b"/" + b"x" * 20_000, b"")).reply(), 431, "HEADERS_TOO_LARGE")


def test_failed_head_request_is_answered_without_a_body(wire: Wire) -> None:
    reply = wire.send(b"HEAD / HTTP/1.1\r\n\r\n").reply("HEAD")
    assert reply.code == 400
    wire.socket.shutdown(socket.SHUT_WR)
    assert wire.closed


@pytest.mark.parametrize("head", [b"Content-Length: 5", b"Transfer-Encoding: chunked"])
def test_body_that_does_not_come_is_408(start_server: StartServer, head: bytes) -> None:
    server = start_server(body_timeout=0.3)
    with server.connect() as wire:
        reply = wire.send(POST % head + b"2\r\n").reply()
        assert_failure(reply, 408, "REQUEST_TIMEOUT")
        assert reply.headers["connection"] == "close"
        assert wire.closed


def test_headers_that_do_not_end_are_dropped(start_server: StartServer) -> None:
    server = start_server(body_timeout=0.3)
    with server.connect() as wire:
        assert wire.send(b"GET / HTTP/1.1\r\nHost: so").closed


def test_idle_connections_are_closed_and_busy_ones_are_not(start_server: StartServer) -> None:
    server = start_server(idle_timeout=0.4)
    with server.connect() as new, server.connect() as used, server.connect() as busy:
        assert used.get("/").code == 200
        busy.send(GET % (b"/hold", b""))
        assert new.closed
        assert used.closed
        server.app.release.set()
        assert busy.reply().code == 200
        assert busy.closed


def test_unix_socket_peer_is_called_unix(start_server: StartServer, tmp_path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "s"))
    listener.listen()
    listener.setblocking(False)
    server = start_server(listener=listener)
    with server.connect() as wire:
        seen = wire.get("/").json
    assert (seen["REMOTE_ADDR"], seen["SERVER_NAME"]) == ("unix", "localhost")
