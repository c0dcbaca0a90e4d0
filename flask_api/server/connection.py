"""One client's connection: reads requests, has them answered, and ends."""

import asyncio
import logging
import math
import socket
from typing import TYPE_CHECKING

from tornado.iostream import IOStream, SSLIOStream

from flask_api.core.errors import ApiError, InternalError
from flask_api.core.metrics import OTHER, count_request
from flask_api.core.request_ids import HEADER, request_id_for
from flask_api.server.access_log import Exchange, log_exchange
from flask_api.server.answers import Answer
from flask_api.server.failures import RequestTimeout, failure_answer
from flask_api.server.handlers import answer_with_handler, stream_to_handler
from flask_api.server.incoming import Incoming
from flask_api.server.request_head import RequestHead, parse_request_head, proposed_request_id

if TYPE_CHECKING:
    from flask_api.server.http_server import HttpServer

log = logging.getLogger(__name__)

_ID_HEADER = HEADER.title()  # as parse_request_head writes names
WRITE_SIZE = 256 * 1024
LINGER_SECONDS = 2.0


class Connection:
    """Serves one client until either side has had enough.

    tornado's own HTTP1Connection is not used: it accepts what RFC 9112 calls ambiguous, answers what it refuses in
    bare text, and takes twice the time.
    """

    def __init__(self, server: "HttpServer", stream: IOStream) -> None:
        self.stream = stream
        self.peer, server_name, server_port = _addresses(stream)
        self.scheme = "https" if isinstance(stream, SSLIOStream) else "http"
        self.is_detached = False  # a WebSocket handler has taken the stream
        self._has_written = False
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._incoming = Incoming(stream, server.limits)
        self._environ = server.container.environ_for_peer(self.peer, self.scheme, server_name, server_port)
        self._head: RequestHead | None = None
        self._request_id = ""
        self._began = 0.0
        self._idle_since = self._loop.time()
        self._idle_timer = self._loop.call_later(server.limits.idle_timeout, self._close_when_idle)

    @property
    def is_idle(self) -> bool:
        """Whether no byte of a request is here that still needs an answer."""
        return self._idle_since != math.inf

    def close(self) -> None:
        """Drop the connection at once."""
        self.stream.close()

    def stays_open(self, head: RequestHead) -> bool:
        """Whether another request may follow this one."""
        return head.keep_alive and not self._server.is_draining

    def write(self, data: bytes | memoryview) -> "asyncio.Future[None]":
        """Send bytes. A client that takes none of them for ``idle_timeout`` seconds is dropped."""
        self._has_written = True
        sent = self.stream.write(data)
        if not sent.done():
            timer = self._loop.call_later(self._server.limits.idle_timeout, self.stream.close)
            sent.add_done_callback(lambda _: timer.cancel())
        return sent

    async def serve(self) -> None:
        """Answer request after request."""
        self.stream.set_nodelay(True)
        try:
            while await self._exchange():
                self._idle_since = self._loop.time()
        except OSError:
            pass  # the client left (StreamClosedError), or was too slow to be waited for (TimeoutError)
        except Exception:
            log.exception("the server failed on a request from %s", self.peer)
            if not self._has_written:
                answer = self._failure(InternalError())
                self.log_exchange(500, len(answer.body))
                self.write(b"Connection: close\r\n\r\n".join(answer))
        finally:
            self._idle_timer.cancel()
            if not self.is_detached:
                self.stream.close()

    async def _exchange(self) -> bool:
        """Answer one request and return whether the connection stays open."""
        incoming = self._incoming
        await incoming.wait()
        self._has_written = False
        self._idle_since = math.inf
        self._began = self._loop.time()
        self._head = None
        self._request_id = ""
        try:
            block, streamed = await incoming.read_head(), self._server.streamed_prefixes
            self._head = head = parse_request_head(block, self._server.limits.max_body_size, streamed)
            self._request_id = head.headers[_ID_HEADER] = request_id_for(head.headers.get(_ID_HEADER))
            if head.path.startswith(streamed):
                return await stream_to_handler(self._server.tornado_app, self, head, incoming)
            body = await incoming.read_body(head)
        except ApiError as error:
            await self._refuse(error)
            return False
        if head.path.startswith(self._server.tornado_prefixes):
            return await answer_with_handler(self._server.tornado_app, self, head, body)
        try:
            answer, rule = await self._server.container.submit(
                head, body, self._environ, always=self._server.is_private
            )
        except ApiError as error:
            answer, rule = self._failure(error), OTHER
        self.log_exchange(int(answer.head[9:12]), len(answer.body), rule)
        return await self._send(answer, head)

    def log_exchange(self, status: int, size: int, rule: str = "") -> None:
        """Write the present exchange into the access log, as soon as its answer is known, and count it."""
        head = self._head
        client = self._server.container.client_of(head, self.peer) if head else self.peer
        seconds = self._loop.time() - self._began
        log_exchange(Exchange(head, client, self._request_id, status, size, seconds))
        if head is None:
            count_request(OTHER, OTHER, status, seconds)
        else:
            count_request(head.method, rule or self._server.prefix_of(head.path), status, seconds)

    async def _send(self, answer: Answer, head: RequestHead) -> bool:
        stays_open = self.stays_open(head)
        # In HTTP/1.1 staying is the rule and goes without saying, in 1.0 leaving is (RFC 9112 §9.3).
        if not stays_open:
            last_field = b"Connection: close\r\n\r\n"
        else:
            last_field = b"\r\n" if head.version == "HTTP/1.1" else b"Connection: keep-alive\r\n\r\n"
        if len(answer.body) <= WRITE_SIZE:
            await self.write(b"".join((answer.head, last_field, answer.body)))
            return stays_open
        await self.write(answer.head + last_field)
        body = memoryview(answer.body)
        for start in range(0, len(body), WRITE_SIZE):
            await self.write(body[start : start + WRITE_SIZE])
        return stays_open

    async def _refuse(self, error: ApiError) -> None:
        """Tell why the request is not read any further, and close (RFC 9112 §9.6)."""
        log.info("refused a request from %s: %d %s", self.peer, error.code, error)
        answer = self._failure(error)
        self.log_exchange(error.code, len(answer.body))
        await self.write(b"Connection: close\r\n\r\n".join(answer))
        if not isinstance(error, RequestTimeout):
            await self.linger()

    def _failure(self, error: ApiError) -> Answer:
        block = self._incoming.block
        self._request_id = self._request_id or request_id_for(proposed_request_id(block))
        return failure_answer(error, self._request_id, to_head=block.startswith(b"HEAD "))

    async def linger(self) -> None:
        """Let the client read the answer while it still sends: closing now would reset the connection under it."""
        if not self.stream.closed():
            self.stream.socket.shutdown(socket.SHUT_WR)
        async with asyncio.timeout(LINGER_SECONDS):
            await self._incoming.discard()

    def _close_when_idle(self) -> None:
        """Close what has been idle too long, or look again when that may be. One timer serves all requests."""
        limit = self._server.limits.idle_timeout
        since = self._loop.time() if self._idle_since == math.inf else self._idle_since
        left = since + limit - self._loop.time()
        if left <= 0:
            self.stream.close()
        else:
            self._idle_timer = self._loop.call_later(left, self._close_when_idle)


def _addresses(stream: IOStream) -> tuple[str, str, str]:
    """Return the peer's address, and our own and our port. A Unix socket has none: the peer is "unix"."""
    if stream.socket.family == socket.AF_UNIX:
        return "unix", "localhost", "80"
    try:
        peer = stream.socket.getpeername()[0]
    except OSError:  # gone already
        peer = ""
    name, port = stream.socket.getsockname()[:2]
    return peer, name, str(port)
