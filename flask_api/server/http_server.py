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
        self._connections: set[Connection] = set()

    async def handle_stream(self, stream: IOStream, address: object) -> None:
        """Serve a client that has just connected."""
        connection = Connection(self, stream)
        self._connections.add(connection)
        try:
            await connection.serve()
        finally:
            self._connections.discard(connection)

    async def drain(self, timeout: float) -> None:
        """Stop accepting, answer what is in flight for at most ``timeout`` seconds, close all.

        For a moment more requests are taken in, each the last of its connection: who has knocked already is not
        turned away.
        """
        self.is_draining = True
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await asyncio.sleep(LAST_CALL_SECONDS)
                self.stop()
                for connection in list(self._connections):
                    if connection.is_idle:
                        connection.close()
                while self._connections:
                    await asyncio.sleep(0.02)
        self.stop()
        for connection in list(self._connections):
            connection.close()
