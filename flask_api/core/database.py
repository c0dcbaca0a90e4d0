"""What every table stands on: the declarative base, its types, and how SQLite and MySQL are opened."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pymysql.connections
from sqlalchemy import BigInteger, ColumnElement, DateTime, Dialect, Float, Integer, MetaData, String, event, literal
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import Pool
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from flask_api.settings import Settings

# Every constraint has a name, so that a migration can drop it on any database.
NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

WRITES = "solo_writes"  # execution option: this transaction will write
READS = "solo_reads"  # execution option: this connection runs single SELECTs

# SQLite counts up only a column that is INTEGER to the letter.
BigId = BigInteger().with_variant(Integer, "sqlite")


def exact_text(length: int) -> String:
    """Return the type of a text that is compared to the letter, as SQLite does; MySQL would ignore case."""
    return String(length).with_variant(mysql.VARCHAR(length, collation="utf8mb4_bin"), "mysql")


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING_CONVENTION)


class Moment(TypeDecorator[datetime]):
    """A point in time: aware UTC in Python, DATETIME(6) in MySQL (a plain DATETIME drops the microseconds)."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name == "mysql":
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        """Return the function for what the driver gives; lists of rows spend much of their time in it."""
        if dialect.name == "sqlite":  # text
            return lambda text: None if text is None else datetime.fromisoformat(text + "+00:00")
        return lambda moment: None if moment is None else moment.replace(tzinfo=UTC)


def now() -> datetime:
    """Return the present moment, aware UTC, by the clock of this host."""
    return datetime.now(UTC)


def to_microseconds(moment: datetime) -> int:
    """Return a moment as a cursor keeps it: exact, in microseconds since 1970."""
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond


def from_microseconds(microseconds: int) -> datetime:
    """Return the moment that ``to_microseconds`` made a number of."""
    seconds, rest = divmod(microseconds, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)


class moment(FunctionElement[datetime]):  # noqa: N801 - reads like the SQL function that it is
    """The present moment by the clock of the database, and so many seconds after it, inside a statement.

    For what several hosts must agree on, such as who has a job and until when: their own clocks may differ.
    """

    type = Moment()
    inherit_cache = True

    def __init__(self, seconds: float | ColumnElement[float] = 0.0) -> None:
        super().__init__(literal(seconds, Float) if isinstance(seconds, int | float) else seconds)


@compiles(moment, "sqlite")
def _moment_of_sqlite(element: moment, compiler: Any, **options: Any) -> str:
    seconds = compiler.process(element.clauses, **options)
    return f"(strftime('%Y-%m-%d %H:%M:%f', 'now', {seconds} || ' seconds') || '000')"  # as the column is written


@compiles(moment, "mysql")
@compiles(moment, "mariadb")
def _moment_of_mysql(element: moment, compiler: Any, **options: Any) -> str:
    seconds = compiler.process(element.clauses, **options)
    return f"TIMESTAMPADD(MICROSECOND, {seconds} * 1000000, UTC_TIMESTAMP(6))"


class QuickToGiveUp(pymysql.connections.Connection):  # type: ignore[misc]
    """A MySQL connection that finds out fast that a server hangs, before a query waits for it.

    PyMySQL's ``connect_timeout`` ends with the TCP handshake, which a frozen server's kernel still answers; here it
    holds for MySQL's own handshake and for the ping of a pooled connection as well.
    """

    connect_timeout: float
    _read_timeout: float | None

    def connect(self, sock: Any = None) -> None:
        with self._impatient():
            super().connect(sock)

    def ping(self, reconnect: bool = False) -> None:
        with self._impatient():
            super().ping()

    @contextmanager
    def _impatient(self) -> Iterator[None]:
        patient, self._read_timeout = self._read_timeout, self.connect_timeout
        try:
            yield
        finally:
            self._read_timeout = patient


def engine_options(settings: Settings) -> dict[str, Any]:
    """Return SQLAlchemy's engine options for the database that the settings name; time-outs in seconds."""
    pool = {
        "pool_size": settings.database_pool_size,
        "max_overflow": settings.threads,
        "pool_timeout": settings.database_timeout,
        "hide_parameters": True,  # an error's text goes to the log; what people wrote does not
    }
    if settings.sqlalchemy_url.startswith("sqlite"):
        return {"connect_args": {"timeout": settings.database_timeout, "check_same_thread": False}, **pool}

    def connect() -> QuickToGiveUp:
        return QuickToGiveUp(**mysql_arguments(settings))

    return {
        "creator": connect,
        "isolation_level": "READ COMMITTED",
        "pool_pre_ping": True,
        "pool_recycle": 3600,
        **pool,
    }


def mysql_arguments(settings: Settings) -> dict[str, Any]:
    """Return PyMySQL's arguments: the URL's own, and time-outs where PyMySQL would wait for ever."""
    url = make_url(settings.sqlalchemy_url)
    _, named = url.get_dialect()().create_connect_args(url)
    arguments = {"charset": "utf8mb4", **named}
    arguments |= {
        "connect_timeout": settings.database_connect_timeout,
        "read_timeout": settings.database_timeout,
        "write_timeout": settings.database_timeout,
        "init_command": "SET SESSION innodb_lock_wait_timeout = 2, time_zone = '+00:00'",
    }
    return arguments


@event.listens_for(Pool, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None  # we say BEGIN ourselves, below
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    # Measured with a million people (make bench-people): the slowest hundredth of profiles took 16 ms, now 9. A
    # checkpoint, which the request that fills 16 MB pays for, writes pages from all over a large file.
    connection.execute("PRAGMA cache_size = -16384")  # KB, of each connection; SQLite's own is 2 MB
    connection.execute("PRAGMA wal_autocheckpoint = 4000")  # pages of 4 KB; SQLite's own is 1,000


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    options = connection.get_execution_options()
    if options.get(READS):
        return
    # In WAL a reader that turns writer fails at once when another wrote meanwhile: a writer says so from the start.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(WRITES) else "BEGIN")
