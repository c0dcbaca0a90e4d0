"""The listening side: takes connections in, and lets them end."""

import asyncio
import ssl
from contextlib import suppress

from tornado.iostream import IOStream
from tornado.tcpserver import TCPServer
from tornado.web import Application

from flask_api.server.connection import Connection
from flask_api.server.container import Container
from flask_api.server.incoming import READ_SIZE, Limits

LAST_CALL_SECONDS = 0.1
FAREWELL_SECONDS = 2.0
POLL_SECONDS = 0.02


class HttpServer(TCPServer):
    """Serves a WSGI application, and a tornado one for the paths that start with one of ``tornado_prefixes``."""

    def __init__(
        self,
        container: Container,
        limits: Limits,
        *,
        tornado_app: Application | None = None,
        tornado_prefixes: tuple[str, ...] = (),
        ssl_context: ssl.SSLContext | None = None,
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
        self.is_draining = False
        self.private_name: str | None = None  # of the Unix socket whose requests are never shed
        self._connections: set[Connection] = set()

    async def handle_stream(self, stream: IOStream, address: object) -> None:
        """Serve a client that has just connected."""
        connection = Connection(self, stream)
        self._connections.add(connection)
        try:
            await connection.serve()
        finally:
            self._connections.discard(connection)

    async def drain(self, timeout: float, *, goes_on_elsewhere: bool = False) -> None:
        """Stop accepting, answer what is in flight for at most ``timeout`` seconds, close all.

        When the service goes on elsewhere, on the same sockets, nobody may notice: accepting ends at once, as another
        process takes who knocks. An idle connection cannot be closed without taking the risk that its client is
        sending just now, so each has some time for one more request, which is answered with ``Connection: close``.

        When the service ends here, those who knock are let in for a moment more, and then all that is idle is closed.
        """
        self.is_draining = True
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._say_farewell() if goes_on_elsewhere else await self._last_call()
                for connection in list(self._connections):
                    if connection.is_idle:
                        connection.close()
                while self._connections:
                    await asyncio.sleep(POLL_SECONDS)
        self.stop()
        for connection in list(self._connections):
            connection.close()

    async def _last_call(self) -> None:
        await asyncio.sleep(LAST_CALL_SECONDS)
        self.stop()
        await asyncio.sleep(0)  # who was accepted last is in _connections only after this

    async def _say_farewell(self) -> None:
        self.stop()
        await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        end = loop.time() + FAREWELL_SECONDS
        while self._connections and loop.time() < end:
            await asyncio.sleep(POLL_SECONDS)
