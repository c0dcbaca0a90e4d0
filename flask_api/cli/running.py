"""How a command gets its app, and Redis."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from flask_api import create_app
from flask_api.extensions import bind_redis
from flask_api.server.embedded_redis import EmbeddedRedisError, embedded_redis
from flask_api.settings import Settings, SettingsError, load_settings

Command = TypeVar("Command", bound=Callable[..., Any])


def make_app() -> Flask:
    """Return the app by the settings; a bad one ends the command with one line."""
    try:
        settings = load_settings()
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return create_app(settings)


def needs_redis(command: Command) -> Command:
    """Give a command the app's context and Redis: the one of the settings, else the embedded one."""

    @with_appcontext
    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        settings: Settings = current_app.extensions["settings"]
        if settings.redis_url:
            return command(*args, **kwargs)
        try:
            with embedded_redis(settings.data_dir) as url:
                bind_redis(current_app, settings.model_copy(update={"redis_url": url}))
                return command(*args, **kwargs)
        except EmbeddedRedisError as error:
            raise click.ClickException(str(error)) from None

    return run  # type: ignore[return-value]
