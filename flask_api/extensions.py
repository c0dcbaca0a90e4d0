"""The extension objects, unbound: ``create_app`` binds them to an app, and several apps may live side by side."""

from typing import Any

from flask import Flask, current_app
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import Engine
from werkzeug.local import LocalProxy

from flask_api.core.database import READS, Base, engine_options
from flask_api.core.redis_trips import RedisTrips
from flask_api.core.tallies import Tally
from flask_api.settings import Settings

db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})
migrate = Migrate(render_as_batch=True, compare_type=True)

settings: Settings = LocalProxy(lambda: current_app.extensions["settings"])  # type: ignore[assignment]
redis: Any = LocalProxy(lambda: current_app.extensions["redis"])  # redis-py's own types are unions of all it can do

redis_trips: RedisTrips = LocalProxy(lambda: current_app.extensions["redis_trips"])  # type: ignore[assignment]


def _make_reading_engine() -> Engine:
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    if "reading_engine" not in app.extensions:
        app.extensions["reading_engine"] = db.engine.execution_options(**{READS: True})
    engine: Engine = app.extensions["reading_engine"]
    return engine


# The same connections as db.engine, for single SELECTs: no BEGIN is sent.
reading_engine: Engine = LocalProxy(_make_reading_engine)  # type: ignore[assignment]

NOWHERE = "unix:///nonexistent/no-redis-in-the-settings.sock"  # for commands that need none


def bind_extensions(app: Flask, values: Settings) -> None:
    """Bind settings, database, migrations and Redis to ``app``; no connection is opened yet."""
    app.extensions["settings"] = values
    app.config["SQLALCHEMY_DATABASE_URI"] = values.sqlalchemy_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(values)
    db.init_app(app)
    migrate.init_app(app, db, directory=str(values.migrations_dir))
    bind_redis(app, values)


def bind_redis(app: Flask, values: Settings) -> None:
    """Bind the Redis that the settings name, in the place of one bound before."""
    client = connect_redis(values)
    app.extensions["redis"] = client
    app.extensions["redis_trips"] = RedisTrips(client.connection_pool)
    app.extensions["tally"] = Tally(app.extensions["redis_trips"])


def connect_redis(values: Settings) -> Redis:
    """Return a client that fails fast: when Redis hangs a request answers 503 instead of waiting.

    There is no automatic retry: a command whose answer was lost may have run, and a blind second one would take an
    honest request for a replay.
    """
    client: Redis = Redis.from_url(
        values.redis_url or NOWHERE,
        decode_responses=False,
        socket_timeout=values.redis_timeout,
        socket_connect_timeout=values.redis_timeout / 2,
        retry=Retry(NoBackoff(), 0),
    )
    return client
