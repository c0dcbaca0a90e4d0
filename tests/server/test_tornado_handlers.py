"""That any tornado handler, a WebSocket included, lives on our connection."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tornado.netutil import bind_sockets
from tornado.tcpclient import TCPClient
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler, websocket_connect

from flask_api.core.errors import Conflict
from flask_api.server.container import Container
from flask_api.server.handlers import HandlerWithJsonFailures, NothingHere
from flask_api.server.http_server import HttpServer, Leaving
from flask_api.server.incoming import Limits

from .toy_app import ToyApp


class Echo(WebSocketHandler):
    def on_message(self, message: str | bytes) -> None:
        self.write_message(message, binary=isinstance(message, bytes))


class Streams(RequestHandler):
    async def post(self) -> None:
        self.write(b"got ")
        await self.flush()
        self.write(self.request.body)


class Waits(RequestHandler):
    arrived: "asyncio.Queue[Waits]" = asyncio.Queue()

    async def get(self) -> None:
        self.left = asyncio.Event()
        self.arrived.put_nowait(self)
        await self.left.wait()

    def on_connection_close(self) -> None:
        self.left.set()


class Fails(HandlerWithJsonFailures):
    def get(self) -> None:
        raise Conflict

    def post(self) -> None:
        raise RuntimeError("the-text-of-an-exception")

    def put(self) -> None:
        self.send_error(418)


def on_server(test: Callable[[int], Awaitable[None]]) -> None:
    """Run a coroutine against a server of its own loop; it is given the port."""

    async def main() -> None:
        routes = [(f"/tornado/{handler.__name__.lower()}", handler) for handler in (Echo, Streams, Waits, Fails)]
        server = HttpServer(
            Container(ToyApp(), threads=1, queue_size=1),
            Limits(max_header_size=4096, max_body_size=4096, body_timeout=5, idle_timeout=5),
            tornado_app=Application(routes, default_handler_class=NothingHere),
            tornado_prefixes=("/tornado/",),
        )
        sockets = bind_sockets(0, "127.0.0.1")
        server.add_sockets(sockets)
        await test(sockets[0].getsockname()[1])
        await server.drain(1, Leaving.ALONE)

    asyncio.run(asyncio.wait_for(main(), 20))


async def exchange(port: int, request: bytes) -> bytes:
    """Send a request and return all that comes until the server closes."""
    stream = await TCPClient().connect("127.0.0.1", port)
    await stream.write(request)
    return await stream.read_until_close()


def test_websocket_talks_over_our_connection() -> None:
    async def talk(port: int) -> None:
        socket = await websocket_connect(f"ws://127.0.0.1:{port}/tornado/echo")
        for message in ("hello", "x" * 50_000, b"bytes"):
            await socket.write_message(message, binary=isinstance(message, bytes))
            assert await socket.read_message() == message
        socket.close()
        assert await socket.read_message() is None

    on_server(talk)


@pytest.mark.parametrize(("version", "body"), [(b"1.1", b"4\r\ngot \r\n3\r\nabc\r\n0\r\n\r\n"), (b"1.0", b"got abc")])
def test_streamed_answer_is_chunked_for_who_knows_chunks(version: bytes, body: bytes) -> None:
    async def ask(port: int) -> None:
        head = (
            b"POST /tornado/streams HTTP/%b\r\nHost: h\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc" % version
        )
        assert (await exchange(port, head)).endswith(b"\r\n\r\n" + body)

    on_server(ask)


@pytest.mark.parametrize(
    ("method", "status"),
    [(b"GET", b"409 Conflict"), (b"POST", b"500 Internal"), (b"PUT", b"418 "), (b"PATCH", b"405 Method")],
)
def test_failures_of_handlers_have_the_one_shape(method: bytes, status: bytes) -> None:
    async def ask(port: int) -> None:
        answer = await exchange(port, method + b" /tornado/fails HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 " + status)
        assert b'"code":' + status[:3] in answer
        assert b"the-text" not in answer

    on_server(ask)


def test_handler_is_told_when_its_client_leaves() -> None:
    async def leave(port: int) -> None:
        stream = await TCPClient().connect("127.0.0.1", port)
        await stream.write(b"GET /tornado/waits HTTP/1.1\r\nHost: h\r\n\r\n")
        handler = await Waits.arrived.get()
        stream.close()
        await handler.left.wait()

    on_server(leave)
