"""An app host that tells what nginx has sent to it."""

import asyncio
import threading
from collections import Counter
from types import TracebackType
from typing import Self

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler, stream_request_body
from tornado.websocket import WebSocketHandler


class ToyHost:
    """Answers every request with its headers as JSON; ``/api/v1/ws`` is a WebSocket that sends them on opening.

    ``/api/v1/hang-up`` reads the request and closes the connection without an answer, ``/media/own.jpg`` is a file
    that this host has. ``asked`` counts requests by path.
    """

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self._socket = bind_sockets(0, "127.0.0.1")[0]
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._socket.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        rules = [(r"/api/v1/ws", EchoSocket), (r"/.*", Echo)]
        HTTPServer(Application(rules, host=self, log_function=lambda _: None)).add_socket(self._socket)
        self._loop.run_forever()


@stream_request_body
class Echo(RequestHandler):
    def prepare(self) -> None:
        """Count a request as soon as its head is here."""
        self.settings["host"].asked[self.request.path] += 1

    def data_received(self, chunk: bytes) -> None:
        pass

    def get(self) -> None:
        path = self.request.path
        self.set_header("X-Request-ID", self.request.headers["X-Request-ID"])
        if path == "/api/v1/hang-up":
            self.detach().close()
        elif path.startswith("/media/") and path != "/media/own.jpg":
            self.send_error(404)
        else:
            told = {name: self.request.headers.get_list(name) for name in self.request.headers}
            self.finish({"headers": told, "padding": "x" * 2000})

    post = get


class EchoSocket(WebSocketHandler):
    def check_origin(self, origin: str) -> bool:
        return True

    async def open(self, *_: str, **__: str) -> None:
        await self.write_message(dict(self.request.headers))
