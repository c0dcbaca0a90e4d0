"""Nonces: each is taken once, by all processes and hosts, in Redis.

What Redis forgets could be sent again. So it is kept beside the nonces since when, and by which run of the Redis
server, they are kept: after a restart, a failover or a FLUSHALL no request passes that was signed before the first one
that comes after it. A request is refused for that only once; signed anew it passes.
"""

import logging
import secrets
from typing import Literal, NamedTuple

from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeout

from flask_api.core import rate_limits, redis_keys
from flask_api.core.rate_limits import Budget
from flask_api.core.redis_trips import Script
from flask_api.extensions import redis_trips, settings

log = logging.getLogger(__name__)

HOSTS_APART = 60  # seconds that the clocks of two hosts may differ

RUN = """
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
"""
# A store of another run may lack what a replica never got, or what was not on the disk yet; one that kept nonces for
# less time may have let some go. KEYS: the store, the limit, the nonces.
TAKE = Script(
    RUN
    + """
local attempt, timestamp, lifetime, window = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local store = redis.call('GET', KEYS[1])
local kept_by, kept_for, since = string.match(store or '', '^(%x+) (%d+) (%d+)$')
if kept_by ~= run or tonumber(kept_for) < lifetime then
  since = redis.call('TIME')[1]
  redis.call('SET', KEYS[1], run .. ' ' .. lifetime .. ' ' .. since)
end
if timestamp <= tonumber(since) then return {'renewed'} end
for place = 3, #KEYS do
  local mine = redis.call('SET', KEYS[place], attempt, 'NX', 'EX', lifetime)
  if not mine and redis.call('GET', KEYS[place]) ~= attempt then return {'used'} end
end
if window == 0 then return {'taken'} end
local count, rest = redis.call('INCR', KEYS[2]), redis.call('PTTL', KEYS[2])
if rest < 0 then
  rest = window
  redis.call('PEXPIRE', KEYS[2], rest)
end
return {'taken', count, rest}
"""
)
# Nothing was ever accepted for a new app key, so nothing can be sent again.
OPEN = Script(RUN + "return redis.call('SET', KEYS[1], run .. ' ' .. ARGV[1] .. ' 0', 'NX')")

Outcome = Literal["taken", "used", "renewed"]


class Taken(NamedTuple):
    """How taking a nonce ended, and what of the app key's limit has been used."""

    outcome: Outcome
    used: list[int]


def take(appkey: str, nonces: list[str], timestamp: int, budget: Budget | None) -> Taken:
    """Take a request's nonces, and count it against the app key's limit if they are fresh.

    When Redis answers too late, nobody knows whether the nonce was taken: it is asked again, and told who asks, so
    that an honest request does not find itself replayed.

    Args:
        nonces: none of them may have been used.
        timestamp: of the signature, Unix seconds.
        budget: of the app key: one limit.

    Raises:
        RedisError: Redis is away; the nonce may have been taken.
    """
    limit = redis_keys.limit(rate_limits.PER_APP_KEY.name, appkey)
    keys = [redis_keys.nonce_store(appkey), limit, *(redis_keys.nonce(appkey, nonce) for nonce in nonces)]
    window = budget.quotas[0].seconds * 1000 if budget else 0
    command = TAKE.call(keys, secrets.token_hex(8), timestamp, _lifetime(), window)
    try:
        outcome, *used = redis_trips.ask(command, scripts=(TAKE,))[0]
    except RedisTimeout:
        outcome, *used = redis_trips.ask(command, scripts=(TAKE,))[0]
    return Taken(outcome.decode(), used)


def open_store(appkey: str) -> None:
    """Begin to keep the nonces of a new app key, whose first request would else be told to sign anew."""
    try:
        redis_trips.ask(OPEN.call([redis_keys.nonce_store(appkey)], _lifetime()), scripts=(OPEN,))
    except RedisError:
        log.info("Redis is away: the first request of app key %s will be told to sign anew", appkey)


def _lifetime() -> int:
    """Return how many seconds a nonce is kept: as long as its timestamp may be within the window of any host."""
    return 2 * settings.signature_window + HOSTS_APART
