"""What a command says when the database, Redis or a setting fails it: one line, for all commands in this one place."""

from typing import Any

import click
from flask.cli import FlaskGroup
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from flask_api.core.errors import ApiError
from flask_api.core.failures import is_away, number_of
from flask_api.database_upgrade import MigratingTooLong
from flask_api.server.embedded_redis import EmbeddedRedisError
from flask_api.server.listening import ServingError
from flask_api.settings import Settings, SettingsError, load_settings

NO_TABLES = "The tables are missing or out of date; run: python manage.py db upgrade"

# What MySQL refuses to a user it does not know, or who may not: this database, this host, this statement; or the disk
# is full, or it only reads.
MYSQL_REFUSES = frozenset({1021, 1044, 1045, 1049, 1114, 1129, 1130, 1142, 1203, 1226, 1227, 1290, 1698, 1836})
MYSQL_LACKS = frozenset({1054, 1146})
SQLITE_LACKS = ("no such table", "no such column")
SQLITE_REFUSES = ("file is not a database", "malformed")


class Commands(FlaskGroup):
    """Commands that end with one line and exit code 1 where something they need fails them.

    A fault of ours, which no setting mends, keeps its traceback.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.params.clear()  # Flask's: which app, and other ways to set what the settings are for

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List ours. The app is not asked: a bad setting would keep it from being made."""
        return click.Group.list_commands(self, ctx)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            line = reason(error, migrating=ctx.invoked_subcommand == "db")
            if line is None:
                raise
            raise click.ClickException(line) from None


def reason(error: Exception, *, migrating: bool = False) -> str | None:
    """Return what hinders a command, and which setting to look at, in one line; None: it is a fault of ours.

    Args:
        migrating: missing tables are a fault then.
    """
    match error:
        case SettingsError() | EmbeddedRedisError() | ServingError() | MigratingTooLong():
            return str(error)
        case ApiError():
            return error.message
        case DBAPIError():
            return _of_database(error, migrating)
        case PoolTimeout():
            return f"The database does not answer in time. {_place_of_database(load_settings())}"
        case RedisError():
            return f"Redis cannot be used: {_text(error)}. {_place_of_redis(load_settings())}"
    return None


def _of_database(error: DBAPIError, migrating: bool) -> str | None:
    number, text = number_of(error), str(error.orig)
    if number in MYSQL_LACKS or any(words in text for words in SQLITE_LACKS):
        return None if migrating else NO_TABLES
    if is_away(error) or number in MYSQL_REFUSES or any(words in text for words in SQLITE_REFUSES):
        return f"The database cannot be used: {_text(error.orig)}. {_place_of_database(load_settings())}"
    return None


def _text(error: BaseException | None) -> str:
    """Return what a driver says, without the number that PyMySQL puts before it."""
    said = str(error.args[-1]).strip() if error is not None and error.args else ""
    return said.splitlines()[0].rstrip(".") if said else "it ended the connection"


def _place_of_database(settings: Settings) -> str:
    if settings.database_url:
        return f"Look at SOLO_DATABASE_URL: {without_password(settings.database_url)}"
    return f"Look at SOLO_DATA_DIR: {settings.data_dir}"


def _place_of_redis(settings: Settings) -> str:
    if settings.redis_url:
        return f"Look at SOLO_REDIS_URL: {without_password(settings.redis_url)}"
    return f"It is the embedded one, whose log lies in SOLO_DATA_DIR: {settings.data_dir}"


def without_password(url: str) -> str:
    """Return a URL with ``***`` for its password, whatever that holds, and without its query."""
    scheme, between, rest = url.partition("://")
    credentials, at, place = rest.rpartition("@")
    user, colon, _ = credentials.partition(":")
    return f"{scheme}{between}{user}{colon and ':***'}{at}{place.partition('?')[0]}"
