"""Starting what the app stands on, and then the server: what ``tornado_server.py`` runs."""

from contextlib import ExitStack
from functools import partial
from typing import Any

import click
from flask import Flask

from flask_api import create_app
from flask_api.accounts.leaving import erase_expired
from flask_api.core.logs import configure_logging
from flask_api.database_upgrade import upgrade_database
from flask_api.server.embedded_redis import EmbeddedRedisError, embedded_redis
from flask_api.server.housekeeping import every
from flask_api.server.serving import ServingError, serve
from flask_api.settings import SettingsError, load_settings

PAGE = """\
Solo is ready:  {address}/api/
Log in there:   POST /auth/sms-codes with your phone; in development the code comes back in the answer.
                POST /auth/sms-login with both; press Authorize and paste the token.
Ctrl-C stops it and loses nothing."""
NO_PAGE = "Solo is ready:  {address}/api/v1"
HOUR = 3600  # seconds


def run_server(overrides: dict[str, Any]) -> int:
    """Serve until a signal and return the exit status; what hinders the start is said in one line (status 2)."""
    try:
        _run(overrides)
    except (SettingsError, ServingError, EmbeddedRedisError) as error:
        click.echo(f"tornado_server: {error}", err=True)
        return 2
    except KeyboardInterrupt:  # before the server took Ctrl-C over
        return 130
    return 0


def _run(overrides: dict[str, Any]) -> None:
    settings = load_settings(**overrides)
    configure_logging(settings.logging_ini, settings.data_dir / "logs")
    with ExitStack() as stack:
        if not settings.redis_url:
            url = stack.enter_context(embedded_redis(settings.data_dir))
            settings = settings.model_copy(update={"redis_url": url})
        app = create_app(settings)
        if not settings.in_production:
            upgrade_database(app)
        stack.enter_context(every(HOUR, partial(_clean_up, app)))
        text = PAGE if settings.shows_swagger_ui else NO_PAGE
        serve(app, settings, on_ready=lambda address: click.echo(text.format(address=address)))


def _clean_up(app: Flask) -> None:
    with app.app_context():
        erase_expired()
