"""Two real servers, each a process of its own, on one database and one Redis: two app hosts."""

from pathlib import Path
from typing import Any

import requests

from tests.conftest import NO_LIMITS, make_settings, start_app, stop_app
from tests.factories import Factory
from tests.services.assembly import Assembly
from tests.services.redis_server import RedisServer
from tests.services.solo_server import SoloServer

# More than any test asks for.
GENEROUS = {f"SOLO_{name.upper()}": "" for name in NO_LIMITS}
GENEROUS |= {"SOLO_SMS_CODE_INTERVAL": "0", "SOLO_SMS_CODES_PER_DAY": "1000000"}
BASE = "/api/v1"


class TwoServers(Assembly):
    """``servers[0]`` and ``servers[1]``; ``make`` makes users beside them; ``redis`` may be killed and started.

    Args:
        folder: where they keep their logs, and the database if it is SQLite.
        database_url: a database; none: SQLite in the folder.
        redis: a Redis to use, which somebody else starts and stops; none: one of their own.
        settings: more settings for both, by the names of the environment.
    """

    def __init__(
        self, folder: Path, *, database_url: str = "", redis: RedisServer | None = None, **settings: str
    ) -> None:
        super().__init__()
        self.folder = folder
        self.redis = redis or RedisServer()
        self._owns_redis = redis is None
        self._settings = {
            "SOLO_DATABASE_URL": database_url or f"sqlite:///{folder / 'solo.db'}",
            "SOLO_REDIS_URL": self.redis.url(),
            "SOLO_WORKERS": "1",
            **GENEROUS,
            **settings,
        }
        self.servers: list[SoloServer] = []

    def assemble(self) -> None:
        if self._owns_redis:
            self.parts.enter_context(self.redis)
        for number in range(2):
            data_dir = self.folder / f"host{number}"
            data_dir.mkdir()
            self.servers.append(self.parts.enter_context(SoloServer(data_dir, **self._settings)))
        app = start_app(make_settings(self.folder, **self._values()))
        self.parts.callback(stop_app, app)
        self.make = Factory(app)

    def _values(self) -> dict[str, Any]:
        """The same settings for an app in this process."""
        return {name.removeprefix("SOLO_").lower(): value for name, value in self._settings.items()}

    def ask(self, number: int, method: str, path: str, token: str = "", **options: Any) -> requests.Response:
        """Send a request to one of them."""
        headers = {**({"token": token} if token else {}), **options.pop("headers", {})}
        url = self.servers[number].address + BASE + path
        return requests.request(method, url, headers=headers, timeout=30, **options)
