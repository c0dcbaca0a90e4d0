"""Calls to services outside: each ends in time and within its size, and says what happened."""

import errno
import gzip
import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flask_api.providers import outside
from flask_api.providers.outside import OutsideAnswer, OutsideError, fetch
from tests.mail.authority import Authority
from tests.services.process import free_port
from tests.services.upstream import Behaviour, Upstream

TIMEOUT = 0.3  # seconds
SLACK = 3.0  # the machine does other things too


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as running:
        yield running


def call(upstream: Upstream, method: str = "GET", path: str = "/", **options: object) -> OutsideAnswer:
    return fetch("test", method, upstream.url + path, **{"timeout": 10, **options})  # type: ignore[arg-type]


def failed(upstream: Upstream, **options: object) -> tuple[str, bool]:
    """Call, and return why that failed and whether anything may have reached them."""
    with pytest.raises(OutsideError) as caught:
        call(upstream, **options)
    assert caught.value.service == "test"
    return caught.value.reason, caught.value.sent


def test_answer_comes_with_status_headers_and_body(upstream: Upstream) -> None:
    upstream.answer = lambda request: (201, {"X-Kind": "photo"}, request.body[::-1])
    answer = call(upstream, "POST", "/a?b=1", headers={"X-Key": "k"}, body=b"abc")
    assert (answer.status, answer.headers["x-kind"], answer.body) == (201, "photo", b"cba")
    (request,) = upstream.requests
    assert (request.method, request.path, request.query) == ("POST", "/a", {"b": "1"})
    assert (request.headers["x-key"], request.body) == ("k", b"abc")


def test_4xx_is_an_answer_and_5xx_a_failure(upstream: Upstream) -> None:
    upstream.answer = lambda _: (403, {}, b"no")
    assert call(upstream).status == 403
    upstream.answer = lambda _: (503, {}, b"later")
    assert failed(upstream) == ("status", True)


def test_nobody_there_is_refused_and_surely_not_sent(upstream: Upstream) -> None:
    upstream.behaviour = "refuse"
    assert failed(upstream) == ("refused", False)


def test_name_that_nobody_has_is_refused_and_surely_not_sent() -> None:
    with pytest.raises(OutsideError) as caught:
        fetch("test", "GET", "http://no-such-host.invalid/", timeout=10)
    assert (caught.value.reason, caught.value.sent) == ("refused", False)


def test_certificate_is_verified_before_anything_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(authority.certificate, authority.key)
    with Upstream(tls=tls) as upstream:
        assert failed(upstream) == ("refused", False)  # nobody knows who signed it
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.trusted))
        monkeypatch.setattr(outside, "_trust", outside._trust.__wrapped__)  # which is asked once only
        assert call(upstream).status == 200
        with pytest.raises(OutsideError) as caught:
            fetch("test", "GET", f"https://127.0.0.1:{upstream.port}/", timeout=10)  # signed, for another name
        assert (caught.value.reason, caught.value.sent) == ("refused", False)
        assert len(upstream.requests) == 1


@pytest.mark.parametrize("behaviour", ["hang", "drip", "drip_headers", "slow"])
def test_deadline_is_for_the_whole_call_however_they_spend_it(upstream: Upstream, behaviour: Behaviour) -> None:
    upstream.seconds = 0.05 if behaviour.startswith("drip") else 5
    upstream.answer = lambda _: (200, {}, b"x" * 1000)
    upstream.behaviour = behaviour
    began = time.monotonic()
    assert failed(upstream, timeout=TIMEOUT) == ("timeout", True)
    assert time.monotonic() - began < TIMEOUT + SLACK


def test_connection_that_is_never_accepted_times_out_and_surely_nothing_was_sent(upstream: Upstream) -> None:
    upstream.behaviour = "hang_before_accepting"
    began = time.monotonic()
    assert failed(upstream, timeout=TIMEOUT) == ("timeout", False)
    assert time.monotonic() - began < TIMEOUT + SLACK


def test_handshake_that_never_ends_times_out_and_surely_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(OutsideError) as caught:
        fetch("test", "GET", f"https://127.0.0.1:{silent.getsockname()[1]}/", timeout=TIMEOUT)
    assert (caught.value.reason, caught.value.sent) == ("timeout", False)


def test_calls_that_were_given_up_leave_no_thread_behind(upstream: Upstream) -> None:
    upstream.seconds = 0.05
    upstream.answer = lambda _: (200, {}, b"x" * 10_000)
    upstream.behaviour = "drip_headers"
    with ThreadPoolExecutor(10) as pool:
        reasons = list(pool.map(lambda _: failed(upstream, timeout=TIMEOUT)[0], range(10)))
    assert reasons == ["timeout"] * 10
    deadline = time.monotonic() + 5
    while any(one.name == "outside-test" for one in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_who_leaves_without_an_answer_may_have_taken_the_request(upstream: Upstream) -> None:
    upstream.behaviour = "leave"
    assert failed(upstream) == ("refused", True)


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01 220 this is no HTTP\r\n\x00\xff\xfe\r\n\r\n",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nless",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
)
def test_what_is_no_proper_http_is_garbage(upstream: Upstream, raw: bytes) -> None:
    upstream.raw, upstream.behaviour = raw, "raw"
    assert failed(upstream) == ("garbage", True)


def test_answer_over_the_limit_is_not_read_to_its_end(upstream: Upstream) -> None:
    upstream.answer = lambda _: (200, {}, b"x" * 1001)
    assert failed(upstream, max_bytes=1000) == ("too_large", True)
    assert len(call(upstream, max_bytes=1001).body) == 1001


def test_answer_that_promises_little_and_sends_much_is_cut_where_it_promised(upstream: Upstream) -> None:
    upstream.answer = lambda _: (200, {"Content-Length": "3"}, b"x" * 1_000_000)
    assert call(upstream).body == b"xxx"


def test_endless_answer_without_a_length_ends_at_the_limit(upstream: Upstream) -> None:
    upstream.raw, upstream.behaviour = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5_000_000, "raw"
    assert failed(upstream, max_bytes=100_000) == ("too_large", True)


def test_packed_answer_counts_unpacked(upstream: Upstream) -> None:
    upstream.answer = lambda _: (200, {"Content-Encoding": "gzip"}, gzip.compress(b"fine"))
    assert call(upstream).body == b"fine"
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < 65536
    upstream.answer = lambda _: (200, {"Content-Encoding": "gzip"}, bomb)
    began = time.monotonic()
    assert failed(upstream) == ("too_large", True)
    assert time.monotonic() - began < SLACK


def test_redirect_is_an_answer_and_nobody_goes_there(upstream: Upstream) -> None:
    with Upstream() as elsewhere:
        upstream.answer = lambda _: (302, {"Location": elsewhere.url}, b"")
        assert call(upstream).status == 302
        assert (len(upstream.requests), elsewhere.connections) == (1, 0)


def test_proxy_of_the_environment_is_not_asked(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert call(upstream).status == 200


def test_system_that_gives_up_sending_is_a_timeout_and_part_may_have_reached_them(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(self: object, data: bytes) -> None:
        raise TimeoutError(errno.ETIMEDOUT, "nobody has acknowledged it")

    monkeypatch.setattr(http.client.HTTPConnection, "send", send)
    assert failed(upstream) == ("timeout", True)


class Broken(io.BytesIO):
    """A file on a disk of ours that fails."""

    def __init__(self, number: int) -> None:
        super().__init__(b"x")
        self.fault = OSError(number, "our disk")

    def read(self, size: int | None = -1, /) -> bytes:
        raise self.fault

    def write(self, data: object, /) -> int:
        raise self.fault


# Of a connection urllib3 passes over two of these.
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EPIPE, errno.ECONNRESET, errno.ETIMEDOUT])
def test_fault_of_our_own_disk_stays_what_it_is(upstream: Upstream, number: int) -> None:
    upstream.answer = lambda _: (200, {}, b"fine")
    for told in ({"into": Broken(number)}, {"body": Broken(number), "headers": {"Content-Length": "1"}}):
        with pytest.raises(OSError, match="our disk") as caught:
            call(upstream, "PUT", **told)
        assert caught.value.errno == number


def test_address_that_is_none_is_a_fault_of_ours() -> None:
    with pytest.raises(ValueError, match="ftp"):
        fetch("test", "GET", "ftp://127.0.0.1/")
