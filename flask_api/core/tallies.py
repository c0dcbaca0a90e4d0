"""Counting against the limits that stay open without Redis: here at once, in Redis in batches.

A trip to Redis lets go of the interpreter's lock twice, and among busy threads that costs a third of what a whole list
takes. So a process counts by itself, tells Redis forty times a second what it has counted, and learns what all
processes have: one is exact for itself, and late by as much for the others. What must not pass once too often (logins,
codes, signed requests) is counted in Redis itself: ``rate_limits.take``.
"""

import logging
import time
from collections.abc import Sequence
from threading import Lock, Thread

from redis.exceptions import RedisError

from flask_api.core.redis_trips import RedisTrips, Script

log = logging.getLogger(__name__)

EVERY = 0.025  # seconds
IDLE = 40  # turns without anything to tell, after which the thread ends
MOST = 100_000  # keys known; Redis knows them all

# How often it has happened within its window by now, and the window's rest (milliseconds).
ADD = Script(
    """
local count, rest = redis.call('INCRBY', KEYS[1], ARGV[1]), redis.call('PTTL', KEYS[1])
if rest < 0 then
  rest = tonumber(ARGV[2])
  redis.call('PEXPIRE', KEYS[1], rest)
end
return {count, rest}
"""
)


class Tally:
    """What one process has counted.

    Args:
        trips: how it reaches Redis. While that is away each process counts alone.
    """

    def __init__(self, trips: RedisTrips) -> None:
        self._trips = trips
        self._lock = Lock()
        self._known: dict[str, tuple[int, float]] = {}  # how often, as far as we know, and when the window ends
        self._untold: dict[str, tuple[int, int]] = {}  # how often since Redis was told, and the window
        self._thread: Thread | None = None

    def count(self, keys: Sequence[str], windows: Sequence[int]) -> list[int]:
        """Count once for each key; return for each how often it has happened and its window's rest (milliseconds)."""
        used: list[int] = []
        present = time.monotonic()
        with self._lock:
            for key, window in zip(keys, windows, strict=True):
                count, ends = self._known.get(key, (0, 0.0))
                if ends <= present:
                    count, ends = 0, present + window / 1000
                self._known[key] = count + 1, ends
                self._untold[key] = self._untold.get(key, (0, 0))[0] + 1, window
                used += (count + 1, int((ends - present) * 1000))
            if self._thread is None or not self._thread.is_alive():  # a fork takes no threads along
                self._thread = Thread(target=self._tell_now_and_then, name="tally", daemon=True)
                self._thread.start()
        return used

    def tell(self) -> bool:
        """Tell Redis what was counted since the last time, and learn what others have; False if there was nothing."""
        with self._lock:
            told, self._untold = self._untold, {}
        if not told:
            return False
        commands = [ADD.call([key], times, window) for key, (times, window) in told.items()]
        replies = self._trips.ask(*commands, scripts=(ADD,), again=False)
        present = time.monotonic()
        with self._lock:
            for key, (count, rest) in zip(told, replies, strict=True):
                since = self._untold.get(key, (0, 0))[0]
                self._known[key] = count + since, present + rest / 1000
            if len(self._known) > MOST:
                self._known.clear()
        return True

    def _tell_now_and_then(self) -> None:
        idle, last_warning = 0, 0.0
        while idle < IDLE:
            time.sleep(EVERY)
            try:
                idle = 0 if self.tell() else idle + 1
            except RedisError as error:
                if time.monotonic() - last_warning > 1:
                    last_warning = time.monotonic()
                    log.warning("Redis is away: each process counts requests by itself: %s", error)
        with self._lock:
            present = time.monotonic()
            self._known = {key: known for key, known in self._known.items() if known[1] > present}
            self._thread = None
