"""Who goes on when a process leaves: what supervisord says, and what is taken for true when it says nothing."""

import socketserver
import threading
import xmlrpc.client
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from flask_api.server import supervision
from flask_api.server.supervision import others_go_on

States = dict[str, str]
SHUTDOWN_STATE = xmlrpc.client.Fault(6, "SHUTDOWN_STATE")
Supervised = Callable[[States | xmlrpc.client.Fault], None]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        said = self.server.said  # type: ignore[attr-defined]
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = said
        if isinstance(said, dict):
            other = {"group": "worker", "name": "solo_9", "statename": "RUNNING"}
            answer = ([*({"group": "solo", "name": name, "statename": said[name]} for name in said), other],)
        self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n" + xmlrpc.client.dumps(answer, methodresponse=True).encode())

    def log_message(self, *_: object) -> None:
        pass

    def address_string(self) -> str:
        return "unix"


@pytest.fixture
def supervised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervised]:
    """Makes this process solo_0 of a supervisord that says this of its group."""
    path = tmp_path / "supervisord.sock"
    with socketserver.ThreadingUnixStreamServer(str(path), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def says(said: States | xmlrpc.client.Fault) -> None:
            server.said = said  # type: ignore[attr-defined]
            monkeypatch.setenv("SUPERVISOR_SERVER_URL", f"unix://{path}")
            monkeypatch.setenv("SUPERVISOR_GROUP_NAME", "solo")
            monkeypatch.setenv("SUPERVISOR_PROCESS_NAME", "solo_0")

        yield says
        server.shutdown()


@pytest.mark.parametrize("other", ["RUNNING", "STARTING"])
def test_one_that_is_stopped_alone_leaves_to_the_others(supervised: Supervised, other: str) -> None:
    supervised({"solo_0": "STOPPING", "solo_1": other, "solo_2": "STOPPING"})
    assert others_go_on()


@pytest.mark.parametrize("other", ["STOPPING", "STOPPED", "BACKOFF", "EXITED", "FATAL"])
def test_the_last_ones_know_that_nobody_goes_on(supervised: Supervised, other: str) -> None:
    supervised({"solo_0": "STOPPING", "solo_1": other})
    assert not others_go_on()


def test_one_that_got_a_signal_and_is_started_again_leaves_to_its_successor(supervised: Supervised) -> None:
    supervised({"solo_0": "RUNNING", "solo_1": "FATAL"})
    assert others_go_on()


def test_supervisord_that_ends_leaves_nobody(supervised: Supervised, monkeypatch: pytest.MonkeyPatch) -> None:
    supervised(SHUTDOWN_STATE)
    assert not others_go_on()
    monkeypatch.setenv("SUPERVISOR_SERVER_URL", "unix:///nowhere/supervisord.sock")
    assert not others_go_on()


def test_supervisord_that_is_busy_or_not_there_is_taken_to_go_on(
    supervised: Supervised, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervised({"solo_0": "STOPPING"})
    monkeypatch.setattr(supervision, "PATIENCE", 0.0001)
    monkeypatch.setattr(Handler, "do_POST", lambda _: threading.Event().wait(0.2))
    assert others_go_on()
    monkeypatch.delenv("SUPERVISOR_SERVER_URL")
    assert others_go_on()
