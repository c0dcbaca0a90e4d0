"""One serving process: from sockets to answers, and from a signal to the end."""

import asyncio
import gc
import signal
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flask_api.core import metrics
from flask_api.server.access_log import flush_now_and_then
from flask_api.server.container import Container
from flask_api.server.http_server import HttpServer, Leaving
from flask_api.server.incoming import Limits
from flask_api.server.listener import listen_again
from flask_api.server.listening import BACKLOG
from flask_api.server.notify import STOPPING, notify
from flask_api.server.supervision import others_go_on
from flask_api.server.tornado_side import prefixes, tornado_application
from flask_api.server.uploads import UPLOADS
from flask_api.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

ASK_READY_EVERY = 0.2  # seconds
PRIVATE_DRAIN_TIMEOUT = 1.0  # seconds


def _nothing() -> None:
    pass


class Stop(asyncio.Event):
    """Set when a server is to leave; ``in_a_hurry`` when somebody pressed Ctrl-C and waits."""

    in_a_hurry = False


@dataclass(frozen=True)
class Service:
    """What a process serves, and where.

    Args:
        wsgi_app: any WSGI callable.
        settings: all limits.
        sockets: they listen already, and other processes may serve on them as well.
        shared: somebody else goes on serving on these sockets when this process leaves.
        own_socket: one on which this process alone answers, from the start.
        is_ready: asked, in a thread, before connections are accepted on ``sockets``.
        on_ready: called once they are.
    """

    wsgi_app: "WSGIApplication"
    settings: Settings
    sockets: Sequence[socket.socket]
    shared: bool = False
    ssl_context: ssl.SSLContext | None = None
    own_socket: socket.socket | None = None
    is_ready: Callable[[], bool] = field(default=lambda: True)
    on_ready: Callable[[], None] = _nothing


def serve(service: Service, stop_when_readable: int | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then drain and return. SIGINT while it drains cuts that short.

    A second SIGTERM does nothing: several may be sent for one wish, by whoever deploys, by systemd to a whole group.

    Args:
        service: what to serve.
        stop_when_readable: a file descriptor that also ends it: the pipe whose other end a parent holds.
    """

    async def main() -> None:
        stop = Stop()
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None

        def on_signal(number: int) -> None:
            if stop.is_set() and number == signal.SIGINT:
                task.cancel()
            stop.in_a_hurry = number == signal.SIGINT
            stop.set()

        def on_orphaned() -> None:
            assert stop_when_readable is not None
            loop.remove_reader(stop_when_readable)
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, on_signal, number)
        if stop_when_readable is not None:
            loop.add_reader(stop_when_readable, on_orphaned)
        await serve_until(stop, service)

    with metrics.kept_in(service.settings.data_dir), suppress(asyncio.CancelledError):
        asyncio.run(main())


async def serve_until(stop: Stop, service: Service) -> None:
    """Serve until ``stop`` is set; then drain."""
    settings = service.settings
    container = Container(
        service.wsgi_app,
        threads=settings.threads,
        queue_size=settings.queue_size,
        trusted_proxies=settings.trusted_proxies,
    )
    limits = Limits(settings.max_header_size, settings.max_body_size, settings.body_timeout, settings.idle_timeout)
    # Who deploys asks there whether this process is ready, and must not hear that it is busy instead.
    private = HttpServer(container, limits, is_private=True)
    server = HttpServer(
        container,
        limits,
        tornado_app=tornado_application(settings, draining=stop),
        tornado_prefixes=prefixes(settings),
        streamed_prefixes=(UPLOADS,),
        ssl_context=service.ssl_context,
    )
    metrics.watch(container.load)
    if service.own_socket is not None:
        private.listen_on([service.own_socket])
    flushing = asyncio.create_task(flush_now_and_then())
    if await _becomes_ready(stop, service):
        for listener in service.sockets:
            listen_again(listener, BACKLOG)  # supervisord keeps the queue short until somebody is ready
        server.listen_on(service.sockets)
        service.on_ready()
    await stop.wait()
    leaving = await _how_to_leave(stop, service)
    notify(STOPPING)  # draining begins with not accepting any more, before the loop turns again
    await server.drain(settings.drain_timeout, leaving)
    await private.drain(PRIVATE_DRAIN_TIMEOUT, Leaving.IN_A_HURRY)
    container.stop()
    flushing.cancel()
    await asyncio.wait([flushing])


async def _how_to_leave(stop: Stop, service: Service) -> Leaving:
    if stop.in_a_hurry:
        return Leaving.IN_A_HURRY
    if not service.shared:
        return Leaving.ALONE
    return Leaving.TO_OTHERS if await asyncio.to_thread(others_go_on) else Leaving.WITH_ALL


async def _becomes_ready(stop: Stop, service: Service) -> bool:
    """Wait until the app says it can serve, or for ``ready_timeout``; False when it is to stop before."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + service.settings.ready_timeout
    while loop.time() < deadline and not stop.is_set():
        if await asyncio.to_thread(service.is_ready):
            break
        with suppress(TimeoutError):
            async with asyncio.timeout(ASK_READY_EVERY):  # wait_for may swallow a cancellation before Python 3.12
                await stop.wait()
    return not stop.is_set()


def calm_garbage_collector() -> None:
    """Keep full collections off the modules and the app: walking them stops the server for 20 to 30 ms."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 50, 50)
