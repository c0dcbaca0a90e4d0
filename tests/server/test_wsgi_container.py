"""PEP 3333, and that whatever an application does wrong is answered."""

import asyncio
import http.client
import json
import logging
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from flask_api.server.container import Container
from flask_api.server.request_head import parse_request_head

from .conftest import RunningServer, StartServer
from .toy_app import SECRET, ToyApp
from .wire import Wire, assert_failure

BREAKS = [
    "/raises", "/exits", "/raises-late", "/never-starts", "/starts-twice", "/text", "/bad-status", "/splits",
    "/wide-header",
]  # fmt: skip


@pytest.mark.parametrize("path", BREAKS)
def test_broken_app_is_a_500_that_keeps_its_text_to_itself(
    wire: Wire, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        reply = wire.get(path, "X-Request-ID: mine")
    assert_failure(reply, 500, "INTERNAL_ERROR")
    assert reply.headers["x-request-id"] == "mine"
    assert SECRET.encode() not in reply.body
    assert any(record.exc_info and "mine" in record.getMessage() for record in caplog.records)
    assert wire.get("/").code == 200


def test_fault_of_the_server_itself_is_answered_too(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(Container, "submit", fail)
    with server.connect() as wire:
        reply = wire.get("/", "X-Request-ID: mine")
        assert_failure(reply, 500, "INTERNAL_ERROR")
        assert reply.headers["x-request-id"] == "mine"
        assert reply.headers["connection"] == "close"
        assert SECRET.encode() not in reply.body
        assert wire.closed


def test_broken_apps_use_up_no_thread(start_server: StartServer) -> None:
    server = start_server(threads=1)
    with server.connect() as wire:
        for path in BREAKS * 2:
            assert wire.get(path).code == 500
        assert wire.get("/").code == 200


def test_environ_says_what_was_asked(server: RunningServer, wire: Wire) -> None:
    body = "Content-Type: text/plain\r\nContent-Length: 3\r\nX-Own-Header: yes\r\nX-Request-ID: r1"
    seen = wire.send(f"PUT /a%20%C3%BC%2Fb?c=%20d&e HTTP/1.1\r\nHost: h:1\r\n{body}\r\n\r\nabc".encode()).reply().json
    port = server.address.rpartition(":")[2]
    expected = {
        "REQUEST_METHOD": "PUT",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/a ü/b".encode().decode("latin-1"),
        "QUERY_STRING": "c=%20d&e",
        "REQUEST_URI": "/a%20%C3%BC%2Fb?c=%20d&e",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "3",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "h:1",
        "HTTP_X_OWN_HEADER": "yes",
        "HTTP_X_REQUEST_ID": "r1",
        "wsgi.url_scheme": "http",
        "solo.peer": "127.0.0.1",
        "body": "abc",
    }
    assert seen == expected


def test_forwarded_headers_of_a_stranger_do_not_count(wire: Wire) -> None:
    seen = wire.get("/", "X-Forwarded-For: 9.9.9.9", "X-Real-Ip: 8.8.8.8", "X-Forwarded-Proto: https").json
    assert (seen["REMOTE_ADDR"], seen["wsgi.url_scheme"]) == ("127.0.0.1", "http")


def test_trusted_proxy_is_believed_for_its_last_hop_only() -> None:
    seen = asyncio.run(environ_behind_proxy("X-Forwarded-For: 6.6.6.6, 9.9.9.9", "X-Forwarded-Proto: https"))
    assert (seen["REMOTE_ADDR"], seen["wsgi.url_scheme"]) == ("9.9.9.9", "https")
    assert seen["solo.peer"] == "unix"  # who is at the other end, whatever is said
    seen = asyncio.run(environ_behind_proxy())
    assert (seen["REMOTE_ADDR"], seen["wsgi.url_scheme"]) == ("unix", "http")


async def environ_behind_proxy(*headers: str) -> dict[str, Any]:
    container = Container(ToyApp(), threads=1, queue_size=1, trusted_proxies=["unix"])
    head = parse_request_head("\r\n".join(["GET / HTTP/1.1", "Host: h", *headers]).encode(), 0)
    answer, _ = await container.submit(head, b"", container.environ_for_peer("unix", "http", "localhost", "80"))
    container.stop()
    return dict(json.loads(answer.body))


def test_write_callable_and_generators_are_gathered(wire: Wire) -> None:
    assert wire.get("/writes").body == b"one two three"
    assert wire.get("/generates").body == b"ab"


def test_start_response_may_start_over_with_exc_info(wire: Wire) -> None:
    assert wire.get("/starts-over").code == 418


@pytest.mark.parametrize(("path", "code"), [("/closes", 200), ("/closes-after-failure", 500)])
def test_iterable_is_closed(server: RunningServer, wire: Wire, path: str, code: int) -> None:
    assert wire.get(path).code == code
    assert server.app.closed.acquire(timeout=5)


def test_answer_carries_server_date_and_the_true_length(wire: Wire) -> None:
    reply = wire.get("/wrong-length")
    assert reply.body == b"four"
    assert reply.headers["server"] == "solo"
    assert "connection" not in reply.headers
    assert parsedate_to_datetime(reply.headers["date"])
    assert wire.get("/").code == 200


def test_head_has_the_length_of_get_and_no_body(wire: Wire) -> None:
    assert wire.get("/writes", method="HEAD").headers["content-length"] == str(len("one two three"))
    assert wire.get("/wrong-length", method="HEAD").headers["content-length"] == "999"
    assert wire.get("/raises", method="HEAD").code == 500
    assert wire.get("/writes").body == b"one two three"


@pytest.mark.parametrize(("path", "code"), [("/no-content", 204), ("/not-modified", 304)])
def test_no_content_and_not_modified_have_neither_body_nor_length(wire: Wire, path: str, code: int) -> None:
    reply = wire.get(path)
    assert reply.code == code
    assert "content-length" not in reply.headers
    assert wire.get("/").code == 200


def test_large_answer_arrives_whole(wire: Wire) -> None:
    assert wire.get("/big").body == b"x" * 3_000_000
    assert wire.get("/").code == 200


def test_ordinary_client_is_served(server: RunningServer) -> None:
    connection = http.client.HTTPConnection(server.address.removeprefix("http://"), timeout=10)
    for body in (b"one", iter([b"t", b"w", b"o"])):
        connection.request("POST", "/", body=body, encode_chunked=not isinstance(body, bytes))
        assert connection.getresponse().read().endswith(b'"}')
    connection.close()
