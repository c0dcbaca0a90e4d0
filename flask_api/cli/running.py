"""How a command, or a server, gets its app and Redis."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, current_app
from flask.cli import with_appcontext

from flask_api import create_app
from flask_api.core.logs import configure_logging
from flask_api.database_upgrade import upgrade_database
from flask_api.extensions import bind_redis, redis
from flask_api.mail.operators import mail_errors
from flask_api.server.embedded_redis import embedded_redis
from flask_api.settings import Settings, SettingsError, load_settings

Command = TypeVar("Command", bound=Callable[..., Any])


def prepare_app(settings: Settings, stack: ExitStack) -> Flask:
    """Return an app that is ready to serve: with logging, Redis (embedded, where the settings name none) and, in
    development, its tables; what was started for it ends with ``stack``.

    Raises:
        SettingsError: the data directory cannot be made.
        EmbeddedRedisError: there is no Redis to be had.
    """
    make_data_dir(settings)
    configure_logging(settings.logging_ini, settings.data_dir / "logs")
    if not settings.redis_url:
        url = stack.enter_context(embedded_redis(settings.data_dir))
        settings = settings.model_copy(update={"redis_url": url})
    app = create_app(settings)
    mail_errors(app)
    if not settings.in_production:
        upgrade_database(app)
    return app


def make_app() -> Flask:
    """Return the app by the settings.

    Raises:
        SettingsError: one is bad.
    """
    settings = load_settings()
    make_data_dir(settings)
    return create_app(settings)


def make_data_dir(settings: Settings) -> None:
    """Make the folder for what the server keeps, if it is not there.

    Raises:
        SettingsError: it cannot be made.
    """
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"SOLO_DATA_DIR: {settings.data_dir}: {error.strerror}") from None


def needs_redis(command: Command) -> Command:
    """Give a command the app's context and Redis: the one of the settings, else the embedded one."""

    @with_appcontext
    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        settings: Settings = current_app.extensions["settings"]
        if settings.redis_url:
            redis.ping()  # what does half of its work without Redis had better not begin
            return command(*args, **kwargs)
        with embedded_redis(settings.data_dir) as url:
            bind_redis(current_app, settings.model_copy(update={"redis_url": url}))
            return command(*args, **kwargs)

    return run  # type: ignore[return-value]
