"""The access log: a line for each request, whoever answered it, and nothing secret in it."""

import json
import logging
import multiprocessing
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flask_api.core.log_files import SharedLogFile
from flask_api.core.logs import AccessLines
from flask_api.server import access_log
from flask_api.settings import ROOT

from .conftest import StartServer


class Lines:
    """The access log in a file of the test's own."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[dict[str, Any]]:
        access_log.flush()
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    def last(self) -> dict[str, Any]:
        return self.read()[-1]


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    access_log.flush()
    handler = SharedLogFile(str(tmp_path / "access.log"))
    handler.setFormatter(AccessLines())
    monkeypatch.setattr(access_log.log, "handlers", [handler])
    monkeypatch.setattr(access_log.log, "propagate", False)
    monkeypatch.setattr(access_log.log, "level", logging.INFO)
    access_log.log.manager._clear_cache()  # type: ignore[attr-defined]
    yield Lines(tmp_path / "access.log")
    handler.close()
    access_log.log.manager._clear_cache()  # type: ignore[attr-defined]


def test_line_tells_who_asked_for_what_and_how_it_ended(start_server: StartServer, lines: Lines) -> None:
    with start_server().connect() as wire:
        reply = wire.get("/a%20b?token=secret", "X-Request-ID: r1", "User-Agent: probe", "token: secret")
    line = lines.last()
    assert line.pop("time").endswith("Z")
    assert 0 <= line.pop("milliseconds") < 5000
    assert line == {
        "request_id": "r1",
        "client": "127.0.0.1",
        "method": "GET",
        "path": "/a%20b",
        "status": 200,
        "bytes": len(reply.body),
        "agent": "probe",
    }


def test_neither_query_nor_token_nor_body_is_logged(start_server: StartServer, lines: Lines) -> None:
    headers = ["token: canary-1", "Authorization: Bearer canary-2", "Cookie: a=canary-3", "Content-Length: 8"]
    with start_server().connect() as wire:
        wire.send("\r\n".join(["POST /x?q=canary-4 HTTP/1.1", "Host: h", *headers, "", "canary-5"]).encode())
        assert wire.reply().code == 200
    assert lines.read()
    assert "canary" not in lines.path.read_text()


def test_client_behind_a_trusted_proxy_is_named_and_a_forged_one_is_not(
    start_server: StartServer, lines: Lines
) -> None:
    with start_server(trusted_proxies=["127.0.0.1"]).connect() as wire:
        wire.get("/", "X-Forwarded-For: 6.6.6.6, 203.0.113.7")
        assert lines.last()["client"] == "203.0.113.7"
    with start_server().connect() as wire:
        wire.get("/", "X-Forwarded-For: 6.6.6.6")
        assert lines.last()["client"] == "127.0.0.1"


def test_refused_request_is_logged_with_the_id_of_its_answer(start_server: StartServer, lines: Lines) -> None:
    with start_server().connect() as wire:
        reply = wire.send(b"nonsense\r\n\r\n").reply()
    line = lines.last()
    assert (line["status"], line["method"], line["path"]) == (400, None, None)
    assert line["request_id"] == reply.headers["x-request-id"]


def test_file_that_tornado_serves_is_logged(start_server: StartServer, lines: Lines) -> None:
    server = start_server()
    (server.settings.data_dir / "media" / "a.txt").write_text("hello")
    with server.connect() as wire:
        assert wire.get("/media/a.txt").body == b"hello"
        assert (lines.last()["status"], lines.last()["bytes"]) == (200, 5)
        assert wire.get("/media/b.txt").code == 404
    assert (lines.last()["status"], lines.last()["path"]) == (404, "/media/b.txt")


def test_shed_request_is_logged(start_server: StartServer, lines: Lines) -> None:
    server = start_server(threads=1, queue_size=1)
    with server.connect() as one, server.connect() as two, server.connect() as three:
        one.send(b"GET /hold HTTP/1.1\r\nHost: h\r\n\r\n")
        assert server.app.held.acquire(timeout=5)
        for wire in (two, three):  # one of them waits, the other finds no room
            wire.send(b"GET /hold HTTP/1.1\r\nHost: h\r\n\r\n")
        deadline = time.monotonic() + 5
        while not lines.read() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert lines.last()["status"] == 503
        server.app.release.set()


def test_nobody_wants_the_log_and_nothing_is_written(
    start_server: StartServer, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_log.log, "level", logging.WARNING)
    access_log.log.manager._clear_cache()  # type: ignore[attr-defined]
    with start_server().connect() as wire:
        assert wire.get("/").code == 200
    assert lines.path.read_text() == ""


def _write(path: str, writer: int, count: int) -> None:
    handler = SharedLogFile(path, max_bytes=20_000, backups=100)
    for number in range(count):
        handler._look_at = 0  # each line may be the one that rotates
        handler.emit(logging.makeLogRecord({"msg": f"{writer} {number} {'x' * 50}"}))
    handler.close()


@pytest.mark.long
def test_lines_of_several_processes_survive_rotation_whole(tmp_path: Path) -> None:
    path = tmp_path / "shared.log"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_write, args=(str(path), writer, 2000)) for writer in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    files = [file for file in tmp_path.iterdir() if not file.name.endswith(".lock")]
    written = [line for file in files for line in file.read_text().splitlines()]
    assert len(files) > 10
    assert sorted(written) == sorted(f"{w} {n} {'x' * 50}" for w in range(3) for n in range(2000))


def test_only_so_many_old_files_are_kept(tmp_path: Path) -> None:
    handler = SharedLogFile(str(tmp_path / "few.log"), max_bytes=100, backups=2)
    for number in range(50):
        handler._look_at = 0
        handler.emit(logging.makeLogRecord({"msg": f"{number} {'x' * 90}"}))
    handler.close()
    assert {file.name for file in tmp_path.iterdir()} == {"few.log", "few.log.1", "few.log.2", "few.log.lock"}
    assert (tmp_path / "few.log").read_text().splitlines()[-1].startswith("49 ")


def test_file_moved_away_by_an_operator_is_made_anew(tmp_path: Path) -> None:
    handler = SharedLogFile(str(tmp_path / "a.log"))
    handler.emit(logging.makeLogRecord({"msg": "one"}))
    (tmp_path / "a.log").rename(tmp_path / "b.log")
    handler._look_at = 0
    handler.emit(logging.makeLogRecord({"msg": "two"}))
    handler.close()
    assert (tmp_path / "a.log").read_text() == "two\n"
    assert (tmp_path / "b.log").read_text() == "one\n"


def test_logging_ini_sends_accesses_to_a_file_of_their_own(tmp_path: Path) -> None:
    script = (
        "import logging, sys; from pathlib import Path; from flask_api.core.logs import configure_logging;"
        "configure_logging(Path('logging.ini'), Path(sys.argv[1]));"
        "from flask_api.server.access_log import Exchange, flush, log_exchange;"
        "log_exchange(Exchange(None, '1.2.3.4', 'r1', 400, 7, 0.001)); flush()"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, check=True)
    line = json.loads((tmp_path / "access.log").read_text())
    assert (line["client"], line["status"], line["milliseconds"]) == ("1.2.3.4", 400, 1.0)
    assert (tmp_path / "solo.log").read_text() == ""
