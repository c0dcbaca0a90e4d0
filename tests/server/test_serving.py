"""Start and end of a serving process: sockets, TLS, signals, the command line."""

import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flask_api.server.listening import ServingError, bind, tls_context
from flask_api.settings import Settings

from .conftest import StartServer
from .wire import Wire

ROOT = Path(__file__).resolve().parents[2]
SERVES = """
import sys, time
from functools import partial
from flask_api.server.listening import address_of, listen
from flask_api.server.serving import Service, serve
from flask_api.settings import Settings

def app(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        print("working", flush=True)
        time.sleep(float(environ["QUERY_STRING"]))
    start_response("200 OK", [])
    return [b"done"]

listening = listen(Settings())
address = address_of(listening.sockets[0], secure=False)
serve(Service(app, Settings(), listening.sockets, listening.inherited, on_ready=partial(print, address, flush=True)))
print("left", flush=True)
"""


class ServerProcess:
    def __init__(self, data_dir: Path, **settings: object) -> None:
        environment = {f"SOLO_{name.upper()}": str(value) for name, value in settings.items()}
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVES],
            cwd=ROOT,
            env={**os.environ, "SOLO_PORT": "0", "SOLO_DATA_DIR": str(data_dir), **environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        self.address = self.line()

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def connect(self) -> Wire:
        return Wire(socket.create_connection(("127.0.0.1", int(self.address.rpartition(":")[2])), timeout=10))


@pytest.fixture
def start_process(tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    started: list[ServerProcess] = []

    def start(**settings: object) -> ServerProcess:
        started.append(ServerProcess(tmp_path, **settings))
        return started[-1]

    yield start
    for server in started:
        server.process.kill()
        server.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_lets_the_request_in_flight_end_and_closes_idle_ones(
    start_process: Callable[..., ServerProcess], number: signal.Signals
) -> None:
    server = start_process()
    with server.connect() as idle, server.connect() as busy, server.connect() as fresh:
        assert idle.get("/").body == b"done"
        busy.send(b"GET /slow?0.5 HTTP/1.1\r\nHost: h\r\n\r\n")
        assert server.line() == "working"
        server.process.send_signal(number)
        reply = busy.reply()
        assert (reply.code, reply.body, reply.headers["connection"]) == (200, b"done", "close")
        assert idle.closed
        assert fresh.closed
        assert busy.closed
    assert server.line() == "left"
    assert server.process.wait(30) == 0
    with pytest.raises(ConnectionRefusedError):
        server.connect()


def test_draining_ends_with_its_time_out(start_process: Callable[..., ServerProcess]) -> None:
    server = start_process(drain_timeout=0.2)
    with server.connect() as busy:
        busy.send(b"GET /slow?30 HTTP/1.1\r\nHost: h\r\n\r\n")
        assert server.line() == "working"
        server.process.terminate()
        assert busy.closed
        assert server.process.wait(30) == 0


@pytest.mark.long
def test_second_signal_cuts_draining_short(start_process: Callable[..., ServerProcess]) -> None:
    server = start_process()
    with server.connect() as busy, server.connect() as idle:
        assert idle.get("/").code == 200
        busy.send(b"GET /slow?30 HTTP/1.1\r\nHost: h\r\n\r\n")
        assert server.line() == "working"
        server.process.send_signal(signal.SIGINT)
        assert idle.closed  # the first signal has been heard
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(30) == 0


def test_last_call_is_served_while_draining(start_server: StartServer) -> None:
    server = start_server()
    with server.connect() as busy, server.connect() as late:
        busy.send(b"GET /hold HTTP/1.1\r\nHost: h\r\n\r\n")
        assert server.app.held.acquire(timeout=5)
        late.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        server.signal_stop()
        assert late.reply().code == 200
        server.app.release.set()
        assert busy.reply().code == 200
    server.join()


def test_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServingError, match=rf"\Acannot listen on 127\.0\.0\.1:{port}: address already in use"):
            bind(Settings(port=port, data_dir=tmp_path))


def test_unknown_host_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ServingError, match=r"\Acannot listen on 256\.0\.0\.1:0: .*\Z"):
        bind(Settings(host="256.0.0.1", port=0, data_dir=tmp_path))


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    options = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    command = [
        "openssl",
        *options.split(),
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        key,
        "-out",
        certificate,
    ]
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
    return certificate, key


def test_tls_is_served_and_the_app_knows(start_server: StartServer, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, "own")
    settings: dict[str, Any] = {"tls_certificate": certificate, "tls_key": key}
    server = start_server(ssl_context=tls_context(Settings(**settings)), **settings)
    assert server.address.startswith("https://localhost:")
    with server.connect() as plain:
        trusting = ssl.create_default_context(cafile=certificate)
        with Wire(trusting.wrap_socket(plain.socket, server_hostname="127.0.0.1")) as wire:
            assert wire.get("/").json["wsgi.url_scheme"] == "https"
            assert wire.get("/big").body == b"x" * 3_000_000
            assert wire.send(b"nonsense\r\n\r\n").reply().code == 400


def test_half_or_mismatched_tls_settings_are_one_clear_line(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, "one")
    _, other_key = make_certificate(tmp_path, "two")
    assert tls_context(Settings()) is None
    for settings, text in (
        (Settings(tls_certificate=certificate), "SOLO_TLS_KEY is missing"),
        (Settings(tls_key=key), "SOLO_TLS_CERTIFICATE is missing"),
        (Settings(tls_certificate=certificate, tls_key=tmp_path / "none"), "there is no file"),
        (Settings(tls_certificate=certificate, tls_key=other_key), "do not go together"),
        (Settings(tls_certificate=key, tls_key=key), "do not go together"),
    ):
        with pytest.raises(ServingError, match=text) as caught:
            tls_context(settings)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "code", "output"),
    [(["--help"], 0, "--threads"), (["--port", "x"], 2, "invalid int value"), (["--port", "99999"], 2, "SOLO_PORT: ")],
)
def test_command_line(arguments: list[str], code: int, output: str) -> None:
    done = subprocess.run(
        [sys.executable, "tornado_server.py", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    assert output in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
