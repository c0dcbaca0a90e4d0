"""Lets tornado's own handlers answer: files, and whatever needs the event loop."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tornado.httputil import HTTPConnection, HTTPHeaders, RequestStartLine, ResponseStartLine
from tornado.iostream import IOStream, StreamClosedError
from tornado.web import Application, HTTPError, RequestHandler, StaticFileHandler

from flask_api.core.errors import ApiError, BadRequest, InternalError, MethodNotAllowed, NotFound, failure_body
from flask_api.core.request_ids import request_id_for
from flask_api.server.failures import LengthRequired
from flask_api.server.incoming import Incoming
from flask_api.server.request_head import RequestHead

if TYPE_CHECKING:
    from flask_api.server.connection import Connection

log = logging.getLogger(__name__)


async def answer_with_handler(app: Application, connection: "Connection", head: RequestHead, body: bytes) -> bool:
    """Let the tornado application answer; return whether the connection stays open."""
    reply = HandlerReply(connection, head)
    delegate = app.start_request(connection, reply)
    await _now(delegate.headers_received(_start_line(head), HTTPHeaders(head.headers)))
    if body:
        await _now(delegate.data_received(body))
    delegate.finish()
    return await reply.is_done


async def stream_to_handler(app: Application, connection: "Connection", head: RequestHead, incoming: Incoming) -> bool:
    """Hand the body on as it comes; return whether the connection stays open.

    The client is asked for the body only after the handler's ``prepare`` let it. A handler that answers before the end
    is sent no more of it.

    Raises:
        LengthRequired: the client does not say how much will come.
        RequestTimeout: it does not come. The handler is told that its client has left.
    """
    if head.chunked or (head.content_length is None and head.method in ("PUT", "POST", "PATCH")):
        raise LengthRequired
    reply = HandlerReply(connection, head, has_body=False)
    delegate = app.start_request(connection, reply)
    try:
        await _now(delegate.headers_received(_start_line(head), HTTPHeaders(head.headers)))
        if not reply.has_begun:
            async with aclosing(incoming.pieces(head)) as pieces:
                async for piece in pieces:
                    await _now(delegate.data_received(piece))
                    if reply.has_begun:
                        break
                else:
                    reply.has_body = True
                    delegate.finish()
    finally:
        if not reply.has_body:
            delegate.on_connection_close()
    stays_open = await reply.is_done
    if not reply.has_body and not connection.stream.closed():
        await connection.linger()
    return stays_open


def _start_line(head: RequestHead) -> RequestStartLine:
    """Return the request line, of an absolute target without the host: the handler is chosen by path."""
    return RequestStartLine(head.method, f"{head.path}?{head.query}" if head.query else head.path, head.version)


async def _now(awaitable: Any) -> None:
    if awaitable is not None:
        await awaitable


class HandlerReply(HTTPConnection):
    """What a RequestHandler writes its answer to: tornado's public HTTPConnection, over our Connection."""

    def __init__(self, connection: "Connection", head: RequestHead, *, has_body: bool = True) -> None:
        self.context = self  # tornado looks there for remote_ip and protocol
        self.remote_ip = connection.peer
        self.protocol = connection.scheme
        self.has_body = has_body  # all of the request is here; else this answer is the connection's last
        self.has_begun = False
        self.is_done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._connection = connection
        self._head = head
        self._stays_open = False
        self._chunked = False
        self._missing: int | None = None  # of the Content-Length promised
        self._on_close: Callable[[], None] | None = None
        connection.stream.set_close_callback(self._closed)

    def write_headers(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders, chunk: bytes | None = None
    ) -> "asyncio.Future[None]":
        """Send the head, framed as RFC 9112 §6 has it, and perhaps the first bytes of the body."""
        assert isinstance(start_line, ResponseStartLine)
        self.has_begun = True
        self._stays_open = self.has_body and self._connection.stays_open(self._head)
        has_body = self._head.method != "HEAD" and start_line.code not in (101, 204, 304)
        if has_body and "Content-Length" in headers:
            self._missing = int(headers["Content-Length"])
        elif has_body:
            self._chunked = self._head.version == "HTTP/1.1"
            self._stays_open = self._stays_open and self._chunked
        if self._chunked:
            headers["Transfer-Encoding"] = "chunked"
        if start_line.code != 101 and (not self._stays_open or self._head.version == "HTTP/1.0"):
            headers["Connection"] = "keep-alive" if self._stays_open else "close"
        lines = [f"HTTP/1.1 {start_line.code} {start_line.reason}"]
        lines += [f"{name}: {value}" for name, value in headers.get_all()]
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("a header has a line break in it")
        block = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        self._connection.log_exchange(start_line.code, self._missing or 0)
        return self._send(block + (self._framed(chunk) if chunk else b""))

    def write(self, chunk: bytes) -> "asyncio.Future[None]":
        """Send a part of the body."""
        return self._send(self._framed(chunk))

    def finish(self) -> None:
        """End the answer. One that is shorter than it promised ends the connection too."""
        last = self._send(b"0\r\n\r\n" if self._chunked else b"")
        last.add_done_callback(lambda _: self._end(stays_open=self._stays_open and not self._missing))

    def set_close_callback(self, callback: Callable[[], None] | None) -> None:
        """Have the handler told when the client leaves."""
        self._on_close = callback

    def detach(self) -> IOStream:
        """Give the stream away, for a WebSocket; HTTP is over on this connection."""
        self._connection.is_detached = True
        self._end(stays_open=False)
        return self._connection.stream

    def _send(self, data: bytes) -> "asyncio.Future[None]":
        try:
            return self._connection.write(data)
        except StreamClosedError as error:  # handlers expect it of the future
            unsent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            unsent.set_exception(error)
            unsent.exception()  # whoever does not wait for it need not hear of it
            return unsent

    def _framed(self, chunk: bytes) -> bytes:
        if self._missing is not None:
            self._missing -= len(chunk)
            if self._missing < 0:
                self._connection.close()
                raise ValueError("a handler wrote more than its Content-Length")
        return b"%x\r\n%b\r\n" % (len(chunk), chunk) if self._chunked and chunk else chunk

    def _closed(self) -> None:
        if self._on_close is not None:
            self._on_close()
        self._end(stays_open=False)

    def _end(self, *, stays_open: bool) -> None:
        self._on_close = None
        self._connection.stream.set_close_callback(None)
        if not self.is_done.done():
            self.is_done.set_result(stays_open)


class HandlerWithJsonFailures(RequestHandler):
    """A RequestHandler that tells of failures in the shape of the house. Give it to every tornado application."""

    def set_default_headers(self) -> None:
        """Name the server as everywhere else."""
        self.set_header("Server", "solo")

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log what is no answer of ours; tornado would log the whole address, and what is signed is secret."""
        if not isinstance(value, ApiError | HTTPError):
            log.error("%s failed on %s", type(self).__name__, self.request.path, exc_info=(typ, value, tb))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with what the ApiError raised says, else with the words the house has for the status."""
        raised = kwargs.get("exc_info", (None, None))[1]
        error = raised if isinstance(raised, ApiError) else _WORDS.get(status_code)
        if error is None:
            error = ApiError(HTTPStatus(status_code).phrase)
            error.code, error.status = status_code, HTTPStatus(status_code).name
        request_id = request_id_for(self.request.headers.get("X-Request-ID"))
        self.set_status(error.code)
        self.set_header("Content-Type", "application/json")
        self.set_header("X-Request-ID", request_id)
        if error.retry_after is not None:
            self.set_header("Retry-After", str(error.retry_after))
        self.finish(failure_body(error.code, error.status, error.message, request_id=request_id))


class FileHandler(HandlerWithJsonFailures, StaticFileHandler):
    """Sends files of a folder."""

    async def get(self, path: str, include_body: bool = True) -> None:
        """Send the file; tell of a range that it has not (416) as of every failure."""
        await super().get(path, include_body)
        if self.get_status() == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            size = self._headers["Content-Range"]
            self.clear()
            self.set_header("Content-Range", size)
            self.write_error(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)

    def compute_etag(self) -> None:
        """Send none: tornado would read every file whole for it. Last-Modified serves as well."""


class NothingHere(HandlerWithJsonFailures):
    """Answers 404: a tornado application's ``default_handler_class``."""

    def prepare(self) -> None:
        """Refuse, whatever the method."""
        self.send_error(404)


_WORDS: dict[int, ApiError] = {
    error.code: error for error in (BadRequest(), NotFound(), MethodNotAllowed(), InternalError())
}
