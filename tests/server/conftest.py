"""A server on a free port, in a thread of the test's process."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flask_api.server.listening import address_of, bind, bind_process_socket
from flask_api.server.serving import Service, Stop, serve_until
from flask_api.settings import Settings

from .toy_app import ToyApp
from .wire import Wire


class RunningServer:
    """Serves a toy app until ``stop``."""

    def __init__(
        self,
        data_dir: Path,
        *,
        listener: socket.socket | None = None,
        ssl_context: ssl.SSLContext | None = None,
        shared: bool = False,
        is_ready: Callable[[], bool] = lambda: True,
        own_socket: Path | None = None,
        **settings: Any,
    ) -> None:
        options: dict[str, Any] = {"port": 0, "data_dir": data_dir, "threads": 4, "drain_timeout": 5} | settings
        self.app = ToyApp()
        self.settings = Settings(**options)
        self._sockets = [listener] if listener is not None else bind(self.settings)
        self._shared = shared
        self._is_ready = is_ready
        self._own_socket = bind_process_socket(own_socket) if own_socket else None
        self.address = address_of(self._sockets[0], secure=ssl_context is not None)
        self._name = self._sockets[0].getsockname()
        self._family = self._sockets[0].family
        self._ssl_context = ssl_context
        self._runs = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)
        self._thread.start()
        assert self._runs.wait(10)
        if own_socket is None:  # else it answers there before it is ready
            assert self._ready.wait(10)

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = Stop()
        self._runs.set()

        service = Service(
            self.app,
            self.settings,
            self._sockets,
            shared=self._shared,
            ssl_context=self._ssl_context,
            own_socket=self._own_socket,
            is_ready=self._is_ready,
            on_ready=self._ready.set,
        )
        await serve_until(self._stop, service)

    def connect(self) -> Wire:
        sock = socket.socket(self._family)
        sock.settimeout(10)
        sock.connect(self._name)
        return Wire(sock)

    def signal_stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)

    def join(self) -> None:
        self._thread.join(15)
        assert not self._thread.is_alive()

    def stop(self) -> None:
        self.app.release.set()
        if self._thread.is_alive():
            self.signal_stop()
        self.join()


StartServer = Callable[..., RunningServer]


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Start a server with settings of one's own; it is stopped after the test."""
    running: list[RunningServer] = []

    def start(**settings: Any) -> RunningServer:
        running.append(RunningServer(tmp_path, **settings))
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all tests that need nothing special."""
    running = RunningServer(tmp_path_factory.mktemp("data"))
    yield running
    running.stop()


@pytest.fixture
def wire(server: RunningServer) -> Iterator[Wire]:
    """A connection to it."""
    with server.connect() as connection:
        yield connection
