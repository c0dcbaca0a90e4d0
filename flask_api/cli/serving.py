"""Starting what the app stands on, and then the server: what ``tornado_server.py`` runs."""

import os
import signal
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import replace
from functools import partial
from typing import Any

import click
from flask import Flask

from flask_api.cli.failures import reason
from flask_api.cli.running import prepare_app
from flask_api.core import metrics
from flask_api.server.job_worker import running_jobs
from flask_api.server.listening import ServingError, address_of, bind_process_socket, listen, tls_context
from flask_api.server.notify import READY, notify
from flask_api.server.processes import Workers
from flask_api.server.serving import Service, calm_garbage_collector, serve
from flask_api.settings import Settings, load_settings

PAGE = """\
Solo is ready:  {address}/api/
Log in there:   POST /auth/sms-codes with your phone; in development the code comes back in the answer.
                POST /auth/sms-login with both; press Authorize and paste the token.
Ctrl-C stops it and loses nothing."""
NO_PAGE = "Solo is ready:  {address}/api/v1"
PATIENCE_WITH_JOBS = 2.0  # seconds for those that run inside the server, when that has answered all


def run_server(overrides: dict[str, Any]) -> int:
    """Serve until a signal and return the exit status; what hinders the start is said in one line (status 2)."""
    signal.signal(signal.SIGTERM, _leave_at_once)  # until the server takes it over; what was started ends in order
    try:
        _run(overrides)
    except KeyboardInterrupt:  # before the server took Ctrl-C over
        return 130
    except Exception as error:
        line = reason(error, migrating=True)
        if line is None:
            raise
        click.echo(f"tornado_server: {line}", err=True)
        return 2
    return 0


def _leave_at_once(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _run(overrides: dict[str, Any]) -> None:
    settings = load_settings(**overrides)
    count = settings.workers or cores()
    if settings.process_socket and count > 1:
        raise ServingError("--process-socket is one process's own: it goes with --workers 1")
    context = tls_context(settings)
    with ExitStack() as stack:
        app = prepare_app(settings, stack)
        listening = listen(settings)
        address = address_of(listening.sockets[0], secure=context is not None)
        service = Service(
            app.wsgi_app,
            app.extensions["settings"],
            listening.sockets,
            shared=listening.inherited,
            ssl_context=context,
            is_ready=partial(_is_ready, app),
            on_ready=partial(_announce, address, settings),
        )
        calm_garbage_collector()
        if count == 1:
            own = bind_process_socket(settings.process_socket) if settings.process_socket else None
            _serve(app, replace(service, own_socket=own), 0)
        else:
            Workers(count, partial(_serve, app, service), listening.sockets, settings.drain_timeout).run()


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _serve(app: Flask, service: Service, number: int, orphaned: int | None = None) -> None:
    """Serve in this process. Of several that were forked here, the first speaks for all, and may run the jobs."""
    if number > 0:
        serve(replace(service, on_ready=lambda: None), orphaned)
        return
    jobs = running_jobs(app, PATIENCE_WITH_JOBS) if service.settings.runs_jobs_inside else nullcontext()
    with metrics.kept_in(service.settings.data_dir), jobs:
        serve(service, orphaned)


def _announce(address: str, settings: Settings) -> None:
    with suppress(OSError):  # nobody reads it any more
        click.echo((PAGE if settings.shows_swagger_ui else NO_PAGE).format(address=address))
    notify(READY)


def _is_ready(app: Flask) -> bool:
    return app.test_client().get("/api/v1/health/ready").status_code == 200
