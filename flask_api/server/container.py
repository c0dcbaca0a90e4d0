"""Runs a WSGI application (PEP 3333) in worker threads."""

import asyncio
import logging
import sys
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache, partial
from io import BytesIO
from types import TracebackType
from typing import TYPE_CHECKING, Any

from flask_api.core.errors import InternalError, ServiceUnavailable
from flask_api.core.metrics import OTHER, RULE, Gauges
from flask_api.core.origin import PEER
from flask_api.core.request_ids import request_id_for
from flask_api.server.answers import Answer, build_answer
from flask_api.server.failures import failure_answer
from flask_api.server.request_head import RequestHead, unquoted_path
from flask_api.server.workers import PoolFull, WorkerPool

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = logging.getLogger(__name__)

Environ = dict[str, Any]
Answered = tuple[Answer, str]  # and the rule of the address, if the application told it
ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


class Container:
    """Hosts one WSGI application. Answers are gathered whole: let tornado handlers or nginx send what is large.

    Args:
        wsgi_app: any WSGI callable; it is called from several threads at once.
        threads: how many requests run at the same time.
        queue_size: how many more may wait; the next one is answered 503.
        trusted_proxies: addresses of peers whose X-Forwarded-For and X-Forwarded-Proto count.
    """

    def __init__(
        self,
        wsgi_app: "WSGIApplication",
        *,
        threads: int,
        queue_size: int,
        trusted_proxies: Collection[str] = (),
    ) -> None:
        self._app = wsgi_app
        self._pool: WorkerPool[Answered] = WorkerPool(threads, queue_size)
        self._trusted_proxies = frozenset(trusted_proxies)

    def environ_for_peer(self, peer: str, scheme: str, server_name: str, server_port: str) -> Environ:
        """Return what the environs of all requests of one connection have in common."""
        return {
            "SCRIPT_NAME": "",
            "SERVER_NAME": server_name,
            "SERVER_PORT": server_port,
            "REMOTE_ADDR": peer,
            PEER: peer,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": scheme,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }

    def client_of(self, head: RequestHead, peer: str) -> str:
        """Return the client's address: the peer's, or what a proxy that is trusted says of its own peer."""
        forwarded = peer in self._trusted_proxies and head.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        return forwarded or peer

    def submit(
        self, head: RequestHead, body: bytes, common: Environ, *, always: bool = False
    ) -> asyncio.Future[Answered]:
        """Let a worker run the application.

        Raises:
            ServiceUnavailable: all workers are busy and the queue is full, and it need not be run ``always``.
        """
        environ = self._environ(head, body, common)
        try:
            return self._pool.submit(partial(self._run, environ), always=always)
        except PoolFull:
            raise ServiceUnavailable("The server is busy; try again in a moment.") from None

    def load(self) -> Gauges:
        """Return how many threads there are, and how many requests they work on, or are waiting for one."""
        return {"solo_threads": self._pool.size, "solo_requests_inside": self._pool.running}

    def stop(self) -> None:
        """Let the workers end when they are done; does not wait for them."""
        self._pool.stop()

    def _environ(self, head: RequestHead, body: bytes, common: Environ) -> Environ:
        environ = common.copy()
        for name, value in head.headers.items():
            environ[_environ_key(name)] = value
        # The body is here, whole and without its chunks: what the headers said of its framing is past.
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        if body or head.content_length is not None:
            environ["CONTENT_LENGTH"] = str(len(body))
        environ["REQUEST_METHOD"] = head.method
        environ["REQUEST_URI"] = head.target
        environ["PATH_INFO"] = unquoted_path(head.path)
        environ["QUERY_STRING"] = head.query
        environ["SERVER_PROTOCOL"] = head.version
        environ["wsgi.input"] = BytesIO(body)
        peer = environ["REMOTE_ADDR"]
        if peer in self._trusted_proxies:
            environ["REMOTE_ADDR"] = self.client_of(head, peer)
            scheme = head.headers.get("X-Forwarded-Proto", "").rpartition(",")[2].strip().lower()
            if scheme in ("http", "https"):
                environ["wsgi.url_scheme"] = scheme
        return environ

    def _run(self, environ: Environ) -> Answered:
        """Run the application in this worker thread; whatever goes wrong becomes a 500."""
        to_head = environ["REQUEST_METHOD"] == "HEAD"
        try:
            status, headers, body = _call(self._app, environ)
            return build_answer(status, headers, body, to_head=to_head), environ.get(RULE, OTHER)
        except BaseException:  # SystemExit included: a worker that ends is never replaced
            request_id = request_id_for(environ.get("HTTP_X_REQUEST_ID"))
            log.exception("the application failed outside its own error handling, request %s", request_id)
            return failure_answer(InternalError(), request_id, to_head=to_head), environ.get(RULE, OTHER)


def _call(app: "WSGIApplication", environ: Environ) -> tuple[str, list[tuple[str, str]], bytes]:
    """Call the application and gather its answer.

    Raises:
        RuntimeError: it breaks the rules of PEP 3333. Whatever it raises itself passes through.
    """
    started: list[tuple[str, list[tuple[str, str]]]] = []
    pieces: list[bytes] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None, /
    ) -> Callable[[bytes], object]:
        if started and exc_info is None:
            raise RuntimeError("start_response was called twice")
        started[:] = [(status, headers)]
        return pieces.append

    result: Iterable[bytes] = app(environ, start_response)
    try:
        pieces.extend(result)
    finally:
        close = getattr(result, "close", None)
        if close is not None:
            close()
    if not started:
        raise RuntimeError("start_response was never called")
    return *started[0], b"".join(pieces)


@lru_cache(1024)
def _environ_key(header: str) -> str:
    key = header.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
