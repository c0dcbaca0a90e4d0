"""Calling services outside: each call has a deadline and a size limit, none is made while a transaction is open, and
the metrics tell of each.

A vendor's own library is wrapped in :func:`calling` and given its time-outs there; HTTP of ours goes through
:func:`fetch`. It opens a connection for each call: one that was kept may have been closed by the other side, and then
nobody knows whether the request was carried out.
"""

import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException
from socket import SHUT_RDWR, socket
from typing import Any, Literal

import certifi
from flask import has_app_context
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, LocationValueError, NewConnectionError, SSLError
from urllib3.exceptions import TimeoutError as Late

from flask_api.core import metrics
from flask_api.core.transaction import in_transaction
from flask_api.extensions import db

Reason = Literal["refused", "timeout", "too_large", "garbage", "status"]

MAX_BYTES = 64 * 1024
PIECE = 16 * 1024


class OutsideError(Exception):
    """A service outside did not answer as it should.

    Args:
        service: as in the metrics.
        reason: one word.
        sent: whether the request may have reached them; False: surely not, so it may be repeated.
        details: for the log.
    """

    def __init__(self, service: str, reason: Reason, *, sent: bool = True, details: str = "") -> None:
        super().__init__(f"{service}: {reason}{details and f' ({details})'}")
        self.service = service
        self.reason: Reason = reason
        self.sent = sent


@dataclass(frozen=True, slots=True)
class OutsideAnswer:
    """What came back. Names of headers are found in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@contextmanager
def calling(service: str) -> Iterator[None]:
    """Count and time a call to ``service``; whatever is raised inside counts as a failure, and passes through.

    Raises:
        RuntimeError: a transaction is open, be it left by a read: it would be held for as long as they make us wait.
    """
    if in_transaction() or (has_app_context() and db.session().in_transaction()):
        raise RuntimeError(f"{service} is called while a database transaction is open")
    began, outcome = time.perf_counter(), "error"
    try:
        yield
        outcome = "ok"
    except OutsideError as error:
        outcome = error.reason
        raise
    finally:
        metrics.outside_done(service, outcome, time.perf_counter() - began)


def fetch(
    service: str,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout: float = 5.0,
    max_bytes: int = MAX_BYTES,
) -> OutsideAnswer:
    """Make an HTTP request and return its answer, redirects and 4xx included. No proxy is used.

    Args:
        timeout: for the whole call, from looking up the name to the last byte (seconds).
        max_bytes: of the answer's body, unpacked.

    Raises:
        OutsideError: they cannot be reached, are too slow, say too much or what is not HTTP, or answer 5xx.
    """
    with calling(service):
        call = _Call(service, method, url, dict(headers or {}), body, timeout, max_bytes)
        call.start()
        call.join(timeout)
        return call.end()


class _Call(threading.Thread):
    """One request, in a thread of its own: looking up a name, for one, cannot be told a time-out.

    Whoever waits for it goes on at the deadline. The thread then ends as its socket is shut down; if it hangs where
    there is no socket yet, by the time-outs of the system.
    """

    def __init__(
        self,
        service: str,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None,
        timeout: float,
        max_bytes: int,
    ) -> None:
        super().__init__(name=f"outside-{service}", daemon=True)
        self._service = service
        self._request = (method, url, headers, body)
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._socket: socket | None = None
        self._is_abandoned = False
        self._sent = False
        self._result: OutsideAnswer | Exception | None = None

    def run(self) -> None:
        """Make the call and keep what came of it."""
        try:
            result: OutsideAnswer | Exception = self._ask()
        except Exception as error:
            result = self._explain(error)
        self._result = result

    def about_to_send(self, connected: socket) -> None:
        """Note that from now on something may reach them; refuse that after the deadline."""
        with self._lock:
            if self._is_abandoned:
                raise TimeoutError
            self._socket, self._sent = connected, True

    def end(self) -> OutsideAnswer:
        """Return the answer, or give up waiting for it.

        Raises:
            OutsideError: see :func:`fetch`.
        """
        with self._lock:
            result, self._is_abandoned = self._result, True
        if result is None:
            if self._socket is not None:
                with suppress(OSError):  # it may be closed by now
                    socket.shutdown(self._socket, SHUT_RDWR)  # SSLSocket's own would trip the reading thread
            result = OutsideError(self._service, "timeout", sent=self._sent)
        if isinstance(result, Exception):
            raise result
        return result

    def _ask(self) -> OutsideAnswer:
        method, url, headers, body = self._request
        pools = PoolManager(1, timeout=self._timeout, ssl_context=_trust())
        pools.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        answer = pools.request(
            method,
            url,
            headers={"Accept-Encoding": "identity", "Connection": "close", **headers},
            body=body,
            redirect=False,
            retries=False,
            preload_content=False,
        )
        try:
            content = self._read(answer)
        finally:
            answer.close()
        if answer.status >= 500:
            raise OutsideError(self._service, "status", details=str(answer.status))
        return OutsideAnswer(answer.status, answer.headers, content)

    def _read(self, answer: BaseHTTPResponse) -> bytes:
        """Read the body in pieces: what is packed may unpack to any size."""
        content = bytearray()
        while piece := answer.read(PIECE, decode_content=True):
            content += piece
            if len(content) > self._max_bytes:
                raise OutsideError(self._service, "too_large", details=f"over {self._max_bytes} bytes")
        return bytes(content)

    def _explain(self, error: Exception) -> Exception:
        """Return the error that tells what they did; a fault of ours stays as it is."""
        if isinstance(error, LocationValueError) or not isinstance(error, HTTPError | OSError | HTTPException):
            return error
        reason: Reason = "garbage"
        if isinstance(error, NewConnectionError | SSLError) or _is_caused_by(error, ConnectionError):
            reason = "refused"
        elif isinstance(error, Late | TimeoutError):
            reason = "timeout"
        return OutsideError(self._service, reason, sent=self._sent, details=type(error).__name__)


def _is_caused_by(error: BaseException, kind: type[Exception]) -> bool:
    return isinstance(error, kind) or any(isinstance(one, kind) for one in error.args)


class _Telling:
    """A connection that tells the call, which is the thread it runs in, when it begins to send."""

    sock: Any

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()  # type: ignore[attr-defined]
        call = threading.current_thread()
        assert isinstance(call, _Call)
        call.about_to_send(self.sock)
        super().send(data)  # type: ignore[misc]


class _Connection(_Telling, HTTPConnection):
    pass


class _SecureConnection(_Telling, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


@cache
def _trust() -> ssl.SSLContext:
    """Return whom to believe: the system's authorities and certifi's."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
