"""From settings to a server that answers: sockets, TLS, signals, draining."""

import asyncio
import gc
import signal
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from tornado.netutil import bind_sockets

from flask_api.server.container import Container
from flask_api.server.http_server import HttpServer
from flask_api.server.incoming import Limits
from flask_api.server.media import MEDIA_PREFIX, media_application
from flask_api.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

BACKLOG = 1024


class ServingError(Exception):
    """The server cannot start; the text is one line for the operator."""


def serve(wsgi_app: "WSGIApplication", settings: Settings, on_ready: Callable[[str], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then drain and return. A second signal cuts the draining short.

    Args:
        wsgi_app: any WSGI callable.
        settings: what to listen on, and all limits.
        on_ready: called with the address (``http://localhost:5000``) once connections are accepted.

    Raises:
        ServingError: the port is taken, or the certificate is of no use.
    """
    context = tls_context(settings)
    sockets = bind(settings)
    calm_garbage_collector()

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None

        def on_signal() -> None:
            if stop.is_set():
                task.cancel()
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, on_signal)
        await serve_sockets(sockets, wsgi_app, settings, stop=stop, ssl_context=context, on_ready=on_ready)

    with suppress(asyncio.CancelledError):
        asyncio.run(main())


async def serve_sockets(
    sockets: Sequence[socket.socket],
    wsgi_app: "WSGIApplication",
    settings: Settings,
    *,
    stop: asyncio.Event,
    ssl_context: ssl.SSLContext | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve on sockets that are bound already, until ``stop`` is set; then drain.

    The seam for several processes: whoever owns the sockets may hand them to any number of these.
    """
    media = settings.data_dir / "media"
    media.mkdir(parents=True, exist_ok=True)
    container = Container(
        wsgi_app,
        threads=settings.threads,
        queue_size=settings.queue_size,
        trusted_proxies=settings.trusted_proxies,
    )
    server = HttpServer(
        container,
        Limits(settings.max_header_size, settings.max_body_size, settings.body_timeout, settings.idle_timeout),
        tornado_app=media_application(media),
        tornado_prefixes=(MEDIA_PREFIX,),
        ssl_context=ssl_context,
    )
    server.add_sockets(sockets)
    if on_ready is not None:
        on_ready(address_of(sockets[0], secure=ssl_context is not None))
    await stop.wait()
    await server.drain(settings.drain_timeout)
    container.stop()


def bind(settings: Settings) -> list[socket.socket]:
    """Listen on the host and port of the settings; port 0 takes any free one.

    Raises:
        ServingError: the port is taken, or may not be used.
    """
    try:
        return bind_sockets(settings.port, settings.host, backlog=BACKLOG)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ServingError(
            f"cannot listen on {settings.host}:{settings.port}: {reason} (choose another with --port or SOLO_PORT)"
        ) from None


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """Return the TLS context that the settings ask for, if they do.

    Raises:
        ServingError: certificate or key is missing, unreadable, or they do not match.
    """
    certificate, key = settings.tls_certificate, settings.tls_key
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        missing = "SOLO_TLS_CERTIFICATE" if certificate is None else "SOLO_TLS_KEY"
        raise ServingError(f"{missing} is missing: TLS needs both a certificate and its key")
    for path in (certificate, key):
        if not path.is_file():
            raise ServingError(f"TLS: there is no file {path}")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except (ssl.SSLError, OSError) as error:
        raise ServingError(f"TLS: {certificate} and {key} do not go together: {error}") from None
    return context


def address_of(listener: socket.socket, *, secure: bool) -> str:
    """Return the URL under which a browser on this machine finds the listener."""
    host, port = listener.getsockname()[:2]
    if host in ("127.0.0.1", "0.0.0.0", "::", "::1"):  # noqa: S104 (compared, not bound)
        host = "localhost"
    return f"{'https' if secure else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def calm_garbage_collector() -> None:
    """Keep full collections off the modules and the app: walking them stops the server for 20 to 30 ms."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 50, 50)
