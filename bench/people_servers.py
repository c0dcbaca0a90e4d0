"""The databases and Redis servers of the cities, and what they hold from one run to the next."""

import hashlib
import json
import shutil
import subprocess
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

from flask import Flask
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import create_engine, text
from tqdm import tqdm

from bench import city as city_module
from bench.city import City, load
from bench.machine import redis_binary
from bench.processes import free_port
from flask_api import create_app
from flask_api.database_upgrade import upgrade_database
from flask_api.hot import feeding as hot
from flask_api.nearby import feeding as nearby
from flask_api.settings import load_settings
from tests.services.mariadb import MariaDB

MANY = "100000000 per minute"
KEPT_DAYS = 3  # a city grows old: people were last here ever longer ago
START_SECONDS = 300


class KeptMariaDB(MariaDB):
    """A MariaDB whose folder stays, with room for a large city."""

    start_seconds = START_SECONDS

    def __init__(self, folder: Path) -> None:
        super().__init__()
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def command(self) -> list[str]:
        room = ["--innodb-buffer-pool-size=3G", "--innodb-log-file-size=1G", "--local-infile=1"]
        return [*super().command(), *room]

    def stop(self) -> None:
        """End it in an orderly way."""
        if self._process and self.is_running:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(START_SECONDS)
        self.kill()


class KeptRedis:
    """A Redis whose data is kept in a file when somebody says so."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        folder.mkdir(parents=True, exist_ok=True)
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self) -> Self:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        with (self.folder / "log").open("ab") as log:
            command = [redis_binary(), *options, "--dir", str(self.folder.resolve())]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + START_SECONDS
        with Redis.from_url(self.url) as client:
            while time.monotonic() < deadline:
                with suppress(RedisError):
                    if client.ping():
                        return self
                time.sleep(0.05)
        self.__exit__()
        raise TimeoutError(f"Redis did not start: see {self.folder / 'log'}")

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


class CityServers:
    """Where the cities of one kind of database are kept."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder, self.database = folder.resolve() / database, database
        self._server = KeptMariaDB(self.folder / "server") if database == "mariadb" else None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._server is not None:
            self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.stop()

    def empty(self, size: int) -> None:
        """Make an empty database, and forget what Redis kept."""
        shutil.rmtree(self.folder / str(size), ignore_errors=True)
        (self.folder / str(size)).mkdir(parents=True)
        if self._server is not None:
            self._server.create_database(f"city_{size}")

    def url(self, size: int) -> str:
        """Return the database of a city."""
        path = self.folder / str(size) / "city.db"
        return f"sqlite:///{path}" if self._server is None else self._server.url(f"city_{size}")


def open_city(stack: ExitStack, servers: CityServers, size: int) -> tuple[Flask, City]:
    """Return an app on a city of this size, which is made if it is not there from a run before."""
    marker = servers.folder / str(size) / "made.json"
    version = _version()
    kept = json.loads(marker.read_text()) if marker.exists() else {}
    is_new = kept.get("version") != version or time.time() - kept["at"] > KEPT_DAYS * 86400
    if is_new:
        servers.empty(size)
    folder = servers.folder / str(size)
    redis = stack.enter_context(KeptRedis(folder / "redis"))
    limits = {"limit_per_address": "", "limit_per_user": "", "redis_timeout": 10}
    url = servers.url(size)
    settings = load_settings(folder, data_dir=folder, database_url=url, redis_url=redis.url, **limits)
    app = create_app(settings)
    if is_new:
        upgrade_database(app)
    city = City(size, _label_ids(url))
    if is_new:
        load(url, city)
        _feed_redis(app, city)
        Redis.from_url(redis.url).save()
        marker.write_text(json.dumps({"version": version, "at": time.time()}))
    return app, city


def _feed_redis(app: Flask, city: City) -> None:
    """Have Redis learn the places and the hot list, as ``manage.py geo rebuild`` and ``hot rebuild`` do."""
    with app.app_context():
        for name, rebuild in (("places", nearby.rebuild), ("hot list", hot.rebuild)):
            with tqdm(desc=f"{city.users:,} people: {name}", unit=" rows", unit_scale=True, disable=None) as bar:
                rebuild(bar.update)
        nearby.circles.forget_versions()


def _label_ids(url: str) -> list[int]:
    engine = create_engine(url)
    with engine.connect() as connection:
        ids = [row.id for row in connection.execute(text("SELECT id FROM label ORDER BY id"))]
    engine.dispose()
    return ids


def _version() -> str:
    """Return what tells whether a city that was kept is the one that would be made now."""
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256(Path(city_module.__file__).read_bytes())
    for kept in ("migrations/versions/*.py", "flask_api/nearby/*.py", "flask_api/hot/*.py", "flask_api/core/re*.py"):
        for path in sorted(root.glob(kept)):
            digest.update(path.read_bytes())
    return digest.hexdigest()
