"""What may be a request and what may not: RFC 9112, read strictly."""

import pytest

from .conftest import RunningServer
from .wire import Wire, assert_failure

HOST = b"Host: solo.test\r\n"

REFUSED = {
    "no version": b"GET /\r\n" + HOST + b"\r\n",
    "no method": b"/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "version 2": b"GET / HTTP/2.0\r\n" + HOST + b"\r\n",
    "version 0.9": b"GET / HTTP/0.9\r\n" + HOST + b"\r\n",
    "lower-case version": b"GET / http/1.1\r\n" + HOST + b"\r\n",
    "two spaces": b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n",
    "space in target": b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n",
    "fragment in target": b"GET /a#b HTTP/1.1\r\n" + HOST + b"\r\n",
    "relative target": b"GET a HTTP/1.1\r\n" + HOST + b"\r\n",
    "CONNECT": b"CONNECT solo.test:443 HTTP/1.1\r\n" + HOST + b"\r\n",
    "star with GET": b"GET * HTTP/1.1\r\n" + HOST + b"\r\n",
    "TLS to a plain port": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40,
    "bare LF at the end of a line": b"GET / HTTP/1.1\n" + HOST + b"\r\n",
    "bare LF everywhere": b"GET / HTTP/1.1\nHost: solo.test\n\n",
    "bare LF in a header": b"GET / HTTP/1.1\r\n" + HOST + b"A: b\nC: d\r\n\r\n",
    "bare CR in a header": b"GET / HTTP/1.1\r\n" + HOST + b"A: b\rC: d\r\n\r\n",
    "NUL in a header": b"GET / HTTP/1.1\r\n" + HOST + b"A: b\0c\r\n\r\n",
    "NUL in the target": b"GET /\0 HTTP/1.1\r\n" + HOST + b"\r\n",
    "no colon": b"GET / HTTP/1.1\r\n" + HOST + b"A\r\n\r\n",
    "no name": b"GET / HTTP/1.1\r\n" + HOST + b": b\r\n\r\n",
    "space before the colon": b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length : 0\r\n\r\n",
    "folded header": b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n c\r\n\r\n",
    "folded first header": b"GET / HTTP/1.1\r\n Host: solo.test\r\n\r\n",
    "name with a Latin-1 letter": b"GET / HTTP/1.1\r\n" + HOST + b"\xc4: b\r\n\r\n",
    "length and encoding": b"POST / HTTP/1.1\r\n"
    + HOST
    + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "encoding and length": b"POST / HTTP/1.1\r\n"
    + HOST
    + b"transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "the same length twice": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\ncontent-length: 1\r\n\r\na",
    "a list of lengths": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1, 1\r\n\r\na",
    "signed length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: +1\r\n\r\na",
    "negative length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n",
    "hexadecimal length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 0x1\r\n\r\na",
    "length with an underscore": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1_0\r\n\r\n0123456789",
    "superscript length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: \xb2\r\n\r\nab",
    "empty length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length:\r\n\r\n",
    "other encoding": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip\r\n\r\n",
    "chunked twice": b"POST / HTTP/1.1\r\n"
    + HOST
    + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "gzip, chunked": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "xchunked": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked with a vertical tab": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunked in HTTP/1.0": b"POST / HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "no host, absolute target": b"GET http://solo.test/ HTTP/1.1\r\n\r\n",
    "empty host": b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
    "host a:b": b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n",
    "host with a path": b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "host with a user": b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
    "host with a list": b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
    "host with a huge port": b"GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n",
    "host with an empty port": b"GET / HTTP/1.1\r\nHost: a:\r\n\r\n",
    "absolute target with a user": b"GET http://a@b/ HTTP/1.1\r\n" + HOST + b"\r\n",
}

CHUNKED = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
REFUSED_CHUNKS = {
    "no size": b"\r\nabc\r\n0\r\n\r\n",
    "not hexadecimal": b"g\r\n",
    "signed": b"+1\r\na\r\n0\r\n\r\n",
    "0x": b"0x1\r\na\r\n0\r\n\r\n",
    "underscore": b"1_0\r\n",
    "bare LF after the size": b"1\na\r\n0\r\n\r\n",
    "bare LF in an extension": b"1;a\nb\r\na\r\n0\r\n\r\n",
    "longer than it says": b"1\r\nab\r\n0\r\n\r\n",
    "endless size": b"0" * 400,
    "endless extension": b"1;" + b"x" * 400,
}


@pytest.mark.parametrize("request_bytes", REFUSED.values(), ids=REFUSED.keys())
def test_malformed_or_ambiguous_request_is_refused_and_the_connection_closed(wire: Wire, request_bytes: bytes) -> None:
    reply = wire.send(request_bytes).reply()
    assert_failure(reply, 400, "BAD_REQUEST")
    assert reply.headers["connection"] == "close"
    wire.socket.shutdown(1)
    assert wire.closed


@pytest.mark.parametrize("chunks", REFUSED_CHUNKS.values(), ids=REFUSED_CHUNKS.keys())
def test_malformed_chunk_is_refused(wire: Wire, chunks: bytes) -> None:
    assert_failure(wire.send(CHUNKED + chunks).reply(), 400, "BAD_REQUEST")


def test_what_follows_a_refused_request_is_not_served(wire: Wire) -> None:
    smuggled = b"GET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n"
    wire.send(REFUSED["length and encoding"] + smuggled).reply()
    wire.socket.shutdown(1)
    assert wire.closed


def test_headers_with_underscores_and_proxy_are_dropped(wire: Wire) -> None:
    seen = wire.get("/", "X-User: real", "X_User: shadow", "Content_Length: 5", "Proxy: http://evil").json
    assert seen["HTTP_X_USER"] == "real"
    assert "CONTENT_LENGTH" not in seen
    assert "HTTP_PROXY" not in seen


def test_repeated_headers_are_joined(wire: Wire) -> None:
    seen = wire.get("/", "Accept: a", "accept: b", "Cookie: c=1", "Cookie: d=2").json
    assert seen["HTTP_ACCEPT"] == "a, b"
    assert seen["HTTP_COOKIE"] == "c=1; d=2"


def test_absolute_target_replaces_the_host(wire: Wire) -> None:
    seen = wire.get("http://other.test:81/a?b=c").json
    assert (seen["HTTP_HOST"], seen["PATH_INFO"], seen["QUERY_STRING"]) == ("other.test:81", "/a", "b=c")


@pytest.mark.parametrize("host", ["solo.test", "solo.test:80", "127.0.0.1:5000", "[::1]:5000", "my_host"])
def test_good_hosts_are_let_in(wire: Wire, host: str) -> None:
    assert wire.send(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()).reply().code == 200


def test_empty_lines_before_a_request_are_ignored(wire: Wire) -> None:
    assert wire.send(b"\r\n\r\nGET / HTTP/1.1\r\n" + HOST + b"\r\n").reply().code == 200
    assert wire.send(b"\r\nGET / HTTP/1.1\r\n" + HOST + b"\r\n").reply().code == 200


def test_request_may_arrive_byte_by_byte(wire: Wire) -> None:
    for byte in b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc":
        wire.send(bytes([byte]))
    assert wire.reply().json["body"] == "abc"


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_chunked_body_arrives_whole_with_its_length(wire: Wire, step: int) -> None:
    body = b"3;ext=1\r\nabc\r\n00A\r\n0123456789\r\n0\r\nTrailer: dropped\r\n\r\n"
    for start in range(0, len(body), step):
        wire.send((CHUNKED if start == 0 else b"") + body[start : start + step])
    seen = wire.reply().json
    assert seen["body"] == "abc0123456789"
    assert seen["CONTENT_LENGTH"] == "13"
    assert "HTTP_TRANSFER_ENCODING" not in seen
    assert "HTTP_TRAILER" not in seen
    assert wire.get("/next").json["PATH_INFO"] == "/next"


def test_own_request_id_is_kept_when_it_is_valid(server: RunningServer) -> None:
    for line, kept in ((b"X-Request-ID: my.Id_1-2", "my.Id_1-2"), (b"x-request-id: bad id", None)):
        with server.connect() as wire:
            request_id = wire.send(b"GET / HTTP/1.1\r\n" + line + b"\r\n\r\n").reply().json["request_id"]
            assert request_id == kept if kept else len(request_id) == 16
