"""What is told of uploads: to pages of other origins, in headers, and in the access log."""

import logging

import pytest

from flask_api.server import access_log

from .conftest import RunningServer, StartServer
from .uploading import head, link
from .wire import assert_failure


def test_pages_of_allowed_origins_may_send_files(start_server: StartServer) -> None:
    server = start_server(cors_origins=["https://app.solo.test"])
    path = link(server.settings, 3)
    with server.connect() as wire:
        asked = wire.get(path, "Origin: https://app.solo.test", "Content-Length: 0", method="OPTIONS")
        assert (asked.code, asked.headers["access-control-allow-origin"]) == (204, "https://app.solo.test")
    for origin, allowed in (("https://evil.example", None), ("https://app.solo.test", "https://app.solo.test")):
        with server.connect().send(head(path, 2, f"Origin: {origin}")) as wire:
            assert wire.reply("PUT").headers.get("access-control-allow-origin") == allowed


@pytest.mark.parametrize(
    ("framing", "code", "status"),
    [("Content-Length: 3", 400, "BAD_REQUEST"), (f"Content-Length: {10**12}", 400, "BAD_REQUEST"),
     ("Transfer-Encoding: chunked", 411, "LENGTH_REQUIRED")],
)  # fmt: skip
def test_question_of_a_page_has_no_body(server: RunningServer, framing: str, code: int, status: str) -> None:
    path = link(server.settings, 3)
    with server.connect().send(f"OPTIONS {path} HTTP/1.1\r\nHost: h\r\n{framing}\r\n\r\n".encode()) as wire:
        assert_failure(wire.reply("OPTIONS"), code, status)
        assert wire.closed


def test_disk_that_fails_is_told_with_when_to_come_again(start_server: StartServer) -> None:
    server = start_server()
    folder = server.settings.data_dir / "files"
    folder.write_text("not a folder")
    with server.connect().send(head(link(server.settings, 3), 3) + b"abc") as wire:
        reply = wire.reply("PUT")
    assert (reply.code, reply.json["status"], reply.headers["retry-after"]) == (503, "STORAGE_ERROR", "1")


def test_what_is_secret_in_an_address_is_not_logged(
    server: RunningServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_log.log, "propagate", True)
    path = link(server.settings, 3)
    with caplog.at_level(logging.INFO, "flask_api.access"):
        with server.connect().send(head(path, 4) + b"abcd") as wire:
            wire.reply("PUT")
        access_log.flush()
    assert path.partition("?")[0] in caplog.text
    assert path.rpartition("=")[2] not in caplog.text
