"""Codes of 6 random digits: hashed at rest, one at a time for whom and what for, used once, a few tries.

All state is in Redis; without Redis no code is kept and none is accepted.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask_api.core.errors import TooManyRequests, Unauthorized
from flask_api.core.rate_limits import Limit, budget_of, give_back, take
from flask_api.extensions import redis, settings
from flask_api.providers.sms import SMSError

TRIES = 5
DAY = 86400  # seconds
Counted = tuple[Limit, str, type[TooManyRequests]]  # a limit, for whom, and what to say when it is reached

# Counts the try before it looks, so that parallel guesses cannot share one. Returns 1 for the right code.
TRY_CODE = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local left = redis.call('HINCRBY', KEYS[1], 'tries', -1)
if redis.call('HGET', KEYS[1], 'hash') == ARGV[1] then
  redis.call('DEL', KEYS[1])
  return 1
end
if left <= 0 then redis.call('DEL', KEYS[1]) end
return 0
"""


class CodeWrong(Unauthorized):
    status = "CODE_WRONG"
    message = "The code is wrong, used, or too old; ask for a new one."


class SentTooOften(TooManyRequests):
    status = "CODE_SENT_TOO_OFTEN"
    message = "A code was sent there a moment ago; wait a little."


class SentTooOftenToday(TooManyRequests):
    status = "CODE_SENT_TOO_OFTEN_TODAY"
    message = "Too many codes were sent there today."


class TooManyCodes(TooManyRequests):
    status = "TOO_MANY_CODES"
    message = "Too many codes were asked for; wait a little."


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for a code. ``device``: what a client app calls the device, if it does."""

    address: str = ""
    device: str = ""


UNKNOWN = Asker()


@dataclass(frozen=True, slots=True)
class SentCode:
    """What a client learns of a code that was sent. Times are seconds."""

    expires_in: int
    next_in: int
    code: str | None = None  # with an offline provider of SMS only


@dataclass(frozen=True, slots=True)
class Place:
    """Where a code is kept: its key in Redis, and a text that names by what, for whom and what for it is sent."""

    key: str
    name: str


def random_code() -> str:
    """Return a new code."""
    return f"{secrets.randbelow(10**6):06d}"


def keep(place: Place, code: str, lifetime: int) -> None:
    """Keep a code's hash, in the place of the one before, for ``lifetime`` seconds.

    Call it when the code is sent and not before: else who has codes asked for which cannot be sent, as while a vendor
    hangs, takes from others those that they have, and may guess at codes that count against no limit.
    """
    with redis.pipeline(transaction=True) as pipe:
        pipe.delete(place.key)
        pipe.hset(place.key, mapping={"hash": hash_code(place.name, code), "tries": TRIES})
        pipe.expire(place.key, lifetime)
        pipe.execute()


def try_code(place: Place, code: str) -> None:
    """Use up the code.

    Raises:
        CodeWrong: it is not the one, or was used, or is too old, or this was one try too many.
    """
    if not redis.eval(TRY_CODE, 1, place.key, hash_code(place.name, code)):
        raise CodeWrong


def hash_code(name: str, code: str) -> str:
    """Keyed, because six digits alone could be tried out against a plain hash."""
    return hmac.new(settings.secret_key.encode(), f"{name}:{code}".encode(), hashlib.sha256).hexdigest()


@contextmanager
def counted(limits: Iterable[Counted]) -> Iterator[None]:
    """Count against each limit in turn, around the sending.

    What is refused, by a limit or inside, counts nowhere: else who hammers one phone locks out all. An SMS that may
    arrive although its vendor has failed does count: else a slow vendor would switch the limits off.

    Raises:
        TooManyRequests: the error that goes with the limit that is reached.
    """
    taken = []
    try:
        for limit, who, error in limits:
            budget = budget_of([limit], settings)
            if budget is None or not who:
                continue
            if wait := take(budget, who):  # itself it goes on counting: given back late, it would open the next window
                raise error(retry_after=wait)
            taken.append((budget, who))
        yield
    except Exception as error:
        if isinstance(error, SMSError) and error.sent:
            raise
        for budget, who in taken:
            give_back(budget, who)
        raise
