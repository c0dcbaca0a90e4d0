"""What Redis keeps that is made of the database's rows, and is made anew of them when Redis was emptied.

A key says that it is all there. Where that is missing, whoever notices stores a job, once, that makes it anew. Whoever
makes it (the job, or somebody by hand) holds a lease, which is lost with all the rest when Redis is emptied again: what
was made until then is not taken for the whole.

The key says by which run of the Redis server it was made: one that was started anew, or that has taken over from
another, may lack the last of what was written. A job that comes round makes it anew then, while the old is shown.
"""

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from redis.exceptions import RedisError

from flask_api.core import redis_keys
from flask_api.core.errors import ServiceUnavailable
from flask_api.core.redis_trips import Command, Script
from flask_api.extensions import redis_trips

log = logging.getLogger(__name__)

LEASE = 60  # seconds that a part of the work may take
LOOK_EVERY = 300  # seconds, for another run of Redis
ASKED = 30  # seconds for which nobody asks for it again

KEEP = Script(
    """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('EXPIRE', KEYS[1], ARGV[2])
"""
)
RUN = """
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
"""
CONCLUDE = Script(
    RUN
    + """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if KEYS[3] then
  redis.call('UNLINK', KEYS[3])
  if redis.call('EXISTS', KEYS[4]) == 1 then redis.call('RENAME', KEYS[4], KEYS[3]) end
end
redis.call('SET', KEYS[2], run)
return redis.call('DEL', KEYS[1])
"""
)
SET_READY = Script(RUN + "redis.call('SET', KEYS[1], run)")
IS_OF_THIS_RUN = Script(RUN + "return redis.call('GET', KEYS[1]) == run")
GIVE_UP = Script("if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end")


class BeingMade(ServiceUnavailable):
    status = "BEING_MADE"
    message = "This is being made anew; try again in a moment."
    retry_after = 5


class Lost(Exception):
    """Somebody else is making it, or Redis was emptied meanwhile: it has to be begun anew."""


@dataclass(frozen=True, slots=True)
class Made:
    """Something that is made of rows.

    Args:
        name: the hash tag of its keys.
        ask: stores the job that makes it.
        has_rows: whether there is anything to make it of.
    """

    name: str
    ask: Callable[[], None]
    has_rows: Callable[[], bool]

    def key(self, part: str) -> str:
        return redis_keys.made_of_rows(self.name, part)

    def is_of_this_run(self) -> bool:
        """Whether it is all there, made by the run of Redis that answers."""
        return bool(redis_trips.ask(IS_OF_THIS_RUN.call([self.key("ready")]), scripts=(IS_OF_THIS_RUN,))[0])

    def found_missing(self) -> bool:
        """Have it made, unless that was asked for already; False: there is nothing to make it of, so it is there."""
        if not self.has_rows():
            redis_trips.ask(SET_READY.call([self.key("ready")]), scripts=(SET_READY,))
            return False
        under_way, first = redis_trips.ask(
            ("EXISTS", self.key("lease")), ("SET", self.key("asked"), 1, "NX", "EX", ASKED)
        )
        if first and not under_way:
            self.ask()
        return True

    def remake(self, rebuild: Callable[[], None]) -> None:
        """Make it if it is not there, or may lack something: what a job does that is not tried again, but comes round.

        Whoever asks finds out by itself that it is still missing.
        """
        try:
            if not self.is_of_this_run() and self.has_rows():
                rebuild()
        except (Lost, RedisError) as error:
            log.warning("%s was not made anew, which is tried again before long: %s", self.name, error)

    @contextmanager
    def making(self, replaced: str | None = None) -> Iterator[Callable[[], None]]:
        """Hold the lease while it is made, and say at the end that it is there; gives what keeps the lease.

        Args:
            replaced: the part that is made beside the old one, under its name and ``:new``, and then replaces it.

        Raises:
            Lost: see there; also from what keeps the lease.
        """
        lease, token = self.key("lease"), secrets.token_hex(8)
        if not redis_trips.ask(("SET", lease, token, "NX", "EX", LEASE))[0]:
            raise Lost(f"{self.name}: somebody else is making it")

        def run(command: Command) -> None:
            if not redis_trips.ask(command, scripts=(KEEP, CONCLUDE), again=False)[0]:
                raise Lost(f"{self.name}: Redis was emptied, or too slow")

        try:
            yield lambda: run(KEEP.call([lease], token, LEASE))
            parts = [self.key(replaced), self.key(f"{replaced}:new")] if replaced else []
            run(CONCLUDE.call([lease, self.key("ready"), *parts], token))
        finally:
            redis_trips.ask(GIVE_UP.call([lease], token), scripts=(GIVE_UP,), again=False)
