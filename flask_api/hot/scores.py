"""The scores of the hot list: what happens to somebody counts, and counts half as much two days later.

A score is the logarithm of the sum of ``weight · 2^(moment / half-life)`` over what has happened. So nothing has to
be lowered as time goes by: what is new weighs more. It is added up without leaving the logarithm, and stays a small
number for ever. It does not matter in which order things arrive.
"""

import logging
from collections.abc import Sequence
from functools import partial
from math import log2
from time import time

from redis.exceptions import RedisError

from flask_api.core import redis_keys
from flask_api.core.redis_trips import Script
from flask_api.core.transaction import after_commit
from flask_api.extensions import redis_trips

log = logging.getLogger(__name__)

VISIT, MESSAGE, LIKE = 1, 2, 5  # what each weighs
HALF_LIFE = 2 * 86400  # seconds
KEPT = 100_000  # of the hottest
PORTION = 1000  # that Redis takes out at once: more would keep it from all others

SCORES = redis_keys.made_of_rows("hot", "scores")
SCORES_NEW = redis_keys.made_of_rows("hot", "scores:new")  # while they are made anew
READY = redis_keys.made_of_rows("hot", "ready")
LEASE = redis_keys.made_of_rows("hot", "lease")

# KEYS: where to add. ARGV: user, logarithm of what is added, and so on.
ADD = Script(
    """
local log2 = math.log(2)
local function add(key)
  for place = 1, #ARGV, 2 do
    local user, sum, score = ARGV[place], tonumber(ARGV[place + 1]), redis.call('ZSCORE', key, ARGV[place])
    if score then
      local most, least = math.max(sum, score), math.min(sum, score)
      sum = most + math.log(1 + 2 ^ (least - most)) / log2
    end
    redis.call('ZADD', key, string.format('%.17g', sum), user)
  end
end
add(KEYS[1])
if KEYS[2] and redis.call('EXISTS', KEYS[3]) == 1 then add(KEYS[2]) end
"""
)


def note(user_id: int, weight: int) -> None:
    """Note that something has happened to somebody, once the open transaction has committed.

    It is best effort: while Redis is away it is not counted.

    Args:
        weight: ``VISIT``, ``LIKE`` or ``MESSAGE``.
    """
    after_commit(partial(_note, user_id, weight, time()))


def _note(user_id: int, weight: int, moment: float) -> None:
    command = ADD.call([SCORES, SCORES_NEW, LEASE], user_id, repr(exponent(weight, moment)))
    try:
        redis_trips.ask(command, scripts=(ADD,), again=False)
    except RedisError as error:
        log.warning("Redis is away: what happened to user %d does not count: %s", user_id, error)


def exponent(weight: float, moment: float) -> float:
    """Return the logarithm of what something adds that happened at a moment (Unix seconds)."""
    return log2(weight) + moment / HALF_LIFE


def added(one: float, other: float) -> float:
    """Return the score of somebody who had ``one`` and gets ``other``: as Redis adds them."""
    most, least = max(one, other), min(one, other)
    return most + log2(1 + 2 ** (least - most))


def hottest(offset: int, count: int) -> tuple[list[int], bool]:
    """Return that part of the list, the hottest first, and whether Redis has all of it."""
    ranked = ("ZREVRANGE", SCORES, offset, offset + count - 1)
    found, ready = redis_trips.ask(ranked, ("EXISTS", READY))
    return [int(user_id) for user_id in found], bool(ready)


def add_to_new(scores: Sequence[tuple[int, float]]) -> None:
    """Add to the list that is being made beside the one that is shown."""
    told = [part for user_id, score in scores for part in (user_id, repr(score))]
    redis_trips.ask(ADD.call([SCORES_NEW], *told), scripts=(ADD,), again=False)


def forget(user_id: int) -> None:
    """Forget somebody's score."""
    redis_trips.ask(("ZREM", SCORES, user_id), ("ZREM", SCORES_NEW, user_id))


def trim() -> None:
    """Forget those who are not among the hottest."""
    while (many := redis_trips.ask(("ZCARD", SCORES))[0] - KEPT) > 0:
        redis_trips.ask(("ZREMRANGEBYRANK", SCORES, 0, min(many, PORTION) - 1), again=False)
