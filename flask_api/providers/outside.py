"""Services outside, over HTTP: each call has a deadline and a size limit. outside_calls.py counts and bounds them.

It opens a connection for each call: one that was kept may have been closed by the other side, and then nobody knows
whether the request was carried out. A vendor's own library is wrapped in :func:`calling` and given its time-outs there.
"""

import ssl
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException
from io import BytesIO
from socket import SHUT_RDWR, socket
from threading import Lock
from typing import Any, BinaryIO, Protocol

import certifi
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError, LocationValueError, NewConnectionError, SSLError
from urllib3.exceptions import TimeoutError as Late

from flask_api.providers.outside_calls import OutsideError, Reason, calling
from flask_api.providers.outside_connections import Carrier, telling_pools
from flask_api.providers.outside_deadline import Deadline

__all__ = ["MAX_BYTES", "OutsideAnswer", "OutsideError", "calling", "fetch"]

MAX_BYTES = 64 * 1024
PIECE = 16 * 1024
ANSWERS = range(100, 500)  # statuses


class Readable(Protocol):
    """A body that is sent as it is read; its request has a Content-Length."""

    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class OutsideAnswer:
    """What came back. Names of headers are found in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def fetch(
    service: str,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | Readable | None = None,
    timeout: float = 5.0,
    slowest: int | None = None,
    max_bytes: int = MAX_BYTES,
    into: BinaryIO | None = None,
    accepted: Container[int] = ANSWERS,
) -> OutsideAnswer:
    """Make an HTTP request and return its answer, redirects and 4xx included. No proxy is used.

    Args:
        timeout: for the whole call, from looking up the name to the last byte (seconds).
        slowest: bytes; a transfer may take one second more for each so many that it has moved: what was sent prolongs
            the sending, what has come the coming. Whoever moves none for ``timeout`` seconds is too slow all the same.
        max_bytes: of the answer's body, unpacked.
        into: where the answer's body is written instead.
        accepted: statuses that are an answer; another is a failure.

    Raises:
        OutsideError: they cannot be reached, are too slow, say too much or what is not HTTP, or answer another status;
            or too many requests wait for services outside.
        Exception: what ``body`` or ``into`` raises.
    """
    request = _Request(service, method, url, dict(headers or {}), body, timeout, slowest, max_bytes, into, accepted)
    trust = _trust()  # the first time takes a while, in which no place is to be held
    with calling(service):
        call = _Call(request, trust)
        call.start()
        return call.end()


@dataclass(frozen=True, slots=True)
class _Request:
    """What :func:`fetch` was told."""

    service: str
    method: str
    url: str
    headers: dict[str, str]
    body: Any
    timeout: float
    slowest: int | None
    max_bytes: int
    into: BinaryIO | None
    accepted: Container[int]


class _Call(Carrier):
    """One request, in a thread of its own: looking up a name, for one, cannot be told a time-out.

    Whoever waits for it goes on at the deadline. The thread then ends as its socket is shut down; if it hangs where
    there is no socket yet, by the time-outs of the system.
    """

    def __init__(self, request: _Request, trust: ssl.SSLContext) -> None:
        super().__init__(name=f"outside-{request.service}", daemon=True)
        self._request, self._trust = request, trust
        self._deadline = Deadline(request.timeout, request.slowest)
        self._lock = Lock()
        self._socket: socket | None = None
        self._is_abandoned = False
        self._sent = False
        self._result: OutsideAnswer | Exception | None = None

    def run(self) -> None:
        """Make the call and keep what came of it."""
        try:
            result: OutsideAnswer | Exception = self._ask()
        except Exception as error:
            result = error.fault if isinstance(error, _OwnFault) else self._explain(error)
        self._result = result

    def about_to_send(self, connected: socket) -> None:
        """Note that from now on something may reach them; refuse that after the deadline."""
        with self._lock:
            if self._is_abandoned:
                raise TimeoutError
            self._socket, self._sent = connected, True

    def note_sent(self, size: int) -> None:
        """Note that so many bytes more were sent."""
        self._deadline.note_sent(size)

    def end(self) -> OutsideAnswer:
        """Return the answer, or give up waiting for it at the deadline.

        Raises:
            OutsideError: see :func:`fetch`.
        """
        while self.is_alive() and (left := self._deadline.seconds_left()) > 0:
            self.join(left)  # by then more may have moved
        with self._lock:
            result, self._is_abandoned = self._result, True
        if result is None:
            if self._socket is not None:
                with suppress(OSError):  # it may be closed by now
                    socket.shutdown(self._socket, SHUT_RDWR)  # SSLSocket's own would trip the reading thread
            result = OutsideError(self._request.service, "timeout", sent=self._sent)
        if isinstance(result, Exception):
            raise result
        return result

    def _ask(self) -> OutsideAnswer:
        asked = self._request
        body: Any = _Body(asked.body) if hasattr(asked.body, "read") else asked.body
        answer = telling_pools(asked.timeout, self._trust).request(
            asked.method,
            asked.url,
            headers={"Accept-Encoding": "identity", "Connection": "close", **asked.headers},
            body=body,
            redirect=False,
            retries=False,
            preload_content=False,
        )
        try:
            if answer.status not in asked.accepted:
                raise OutsideError(asked.service, "status", details=str(answer.status))
            return OutsideAnswer(answer.status, answer.headers, self._read(answer))
        finally:
            answer.close()

    def _read(self, answer: BaseHTTPResponse) -> bytes:
        """Read the body in pieces: what is packed may unpack to any size."""
        content = BytesIO()
        target = content if self._request.into is None else self._request.into
        size = 0
        while piece := answer.read(PIECE, decode_content=True):
            size += len(piece)
            self._deadline.note_received(answer.tell())
            if size > self._request.max_bytes:
                raise OutsideError(self._request.service, "too_large", details=f"over {self._request.max_bytes} bytes")
            with _own_part():
                target.write(piece)
        return content.getvalue()

    def _explain(self, error: Exception) -> Exception:
        """Return the error that tells what they did; a fault of ours stays as it is."""
        if isinstance(error, LocationValueError) or not isinstance(error, HTTPError | OSError | HTTPException):
            return error
        reason: Reason = "garbage"
        if isinstance(error, NewConnectionError | SSLError) or _is_caused_by(error, ConnectionError):
            reason = "refused"
        elif isinstance(error, Late) or _is_caused_by(error, TimeoutError):
            reason = "timeout"
        return OutsideError(self._request.service, reason, sent=self._sent, details=type(error).__name__)


def _is_caused_by(error: BaseException, kind: type[Exception]) -> bool:
    return isinstance(error, kind) or any(isinstance(one, kind) for one in error.args)


class _OwnFault(Exception):
    """What was raised on our side, by the disk for one; bare, urllib3 would take it for the connection's."""

    def __init__(self, fault: Exception) -> None:
        super().__init__()
        self.fault = fault


@contextmanager
def _own_part() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise _OwnFault(error) from error


class _Body:
    def __init__(self, body: Readable) -> None:
        self._body = body

    def read(self, size: int = -1, /) -> bytes:
        with _own_part():
            return self._body.read(size)


@cache
def _trust() -> ssl.SSLContext:
    """Return whom to believe: the system's authorities and certifi's."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
