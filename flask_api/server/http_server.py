"""The listening side: takes connections in, and lets them end."""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from enum import Enum, auto

from tornado.iostream import IOStream
from tornado.tcpserver import TCPServer
from tornado.web import Application

from flask_api.core.metrics import OTHER
from flask_api.server.connection import Connection
from flask_api.server.container import Container
from flask_api.server.incoming import READ_SIZE, Limits
from flask_api.server.listener import Listener

LAST_CALL_SECONDS = 0.1
ON_THE_WAY_SECONDS = 0.05  # longer than a packet takes from the proxy to here and back
FAREWELL_SECONDS = 2.0
POLL_SECONDS = 0.02


class Leaving(Enum):
    """Who goes on when a server leaves its sockets."""

    TO_OTHERS = auto()  # they accept on the same sockets: who knocks now is theirs
    ALONE = auto()  # nobody; who knocks is let in for a moment more
    IN_A_HURRY = auto()  # nobody, and somebody waits at the terminal
    # Nobody, but the sockets stay open until the last process is gone, as supervisord has it. They are shut down for
    # all who hold them: clients are refused, a few of them after a second, and go to another host, a proxy even with a
    # write, instead of waiting in a queue that nobody empties.
    WITH_ALL = auto()


class HttpServer(TCPServer):
    """Serves a WSGI application, and a tornado one for the paths that start with one of ``tornado_prefixes``.

    Below ``streamed_prefixes`` the handlers, all of them with ``@stream_request_body``, get bodies as they come.
    """

    def __init__(
        self,
        container: Container,
        limits: Limits,
        *,
        tornado_app: Application | None = None,
        tornado_prefixes: tuple[str, ...] = (),
        streamed_prefixes: tuple[str, ...] = (),
        ssl_context: ssl.SSLContext | None = None,
        is_private: bool = False,
    ) -> None:
        super().__init__(
            ssl_options=ssl_context,
            read_chunk_size=READ_SIZE,
            max_buffer_size=limits.max_body_size + 4 * READ_SIZE,
        )
        self.container = container
        self.limits = limits
        self.tornado_app = tornado_app or Application()
        self.tornado_prefixes = tornado_prefixes
        self.streamed_prefixes = streamed_prefixes
        self.is_draining = False
        self.is_private = is_private  # its requests are never shed
        self._listeners: list[Listener] = []
        self._connections: set[Connection] = set()

    async def handle_stream(self, stream: IOStream, address: object) -> None:
        """Serve a client that has just connected."""
        connection = Connection(self, stream)
        self._connections.add(connection)
        try:
            await connection.serve()
        finally:
            self._connections.discard(connection)

    def prefix_of(self, path: str) -> str:
        """Return which prefix brings a path to the tornado application: what its requests are counted by."""
        prefixes = (*self.tornado_prefixes, *self.streamed_prefixes)
        return next((prefix for prefix in prefixes if path.startswith(prefix)), OTHER)

    def listen_on(self, sockets: Sequence[socket.socket]) -> None:
        """Accept connections on these sockets, which are ours from now on."""
        listeners = [Listener(fileno=one.detach()) for one in sockets]
        self._listeners += listeners
        self.add_sockets(listeners)

    async def drain(self, timeout: float, leaving: Leaving) -> None:
        """Stop accepting, answer what is in flight for at most ``timeout`` seconds, close all.

        An idle connection cannot be closed without the risk that its client is sending just now; so, unless in a hurry,
        each has some time for one more request, which is answered with ``Connection: close``.
        """
        self.is_draining = True
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                if leaving is Leaving.WITH_ALL:
                    await self._close_for_all()
                elif leaving is not Leaving.TO_OTHERS:
                    await asyncio.sleep(LAST_CALL_SECONDS)
                self.stop()
                await asyncio.sleep(0)  # who was accepted last is in _connections only after this
                if leaving is not Leaving.IN_A_HURRY:
                    await self._wait_for_last_requests()
                for connection in list(self._connections):
                    if connection.is_idle:
                        connection.close()
                while self._connections:
                    await asyncio.sleep(POLL_SECONDS)
        self.stop()
        for connection in list(self._connections):
            connection.close()

    async def _close_for_all(self) -> None:
        try:
            for listener in self._listeners:
                listener.ignore_newcomers()
            await asyncio.sleep(ON_THE_WAY_SECONDS)  # who is half-way in, or in the queue, is let in
        finally:
            for listener in self._listeners:
                listener.shut_down()

    async def _wait_for_last_requests(self) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + FAREWELL_SECONDS
        while self._connections and loop.time() < end:
            await asyncio.sleep(POLL_SECONDS)
