"""SMS codes: 6 random digits, hashed at rest, one at a time for a phone and purpose, used once, a few tries.

All state is in Redis; without Redis nothing is sent and no code is accepted.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from flask import current_app

from flask_api.core import redis_keys
from flask_api.core.errors import TooManyRequests, Unauthorized
from flask_api.extensions import redis, settings
from flask_api.providers.sms import SMSError, SMSProvider
from flask_api.users.phones import normalise

PURPOSES = ("login", "password_reset")
TRIES = 5
DAY = 86400  # seconds

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
    message = "A code was sent to this phone a moment ago; wait a little."


class SentTooOftenToday(TooManyRequests):
    status = "CODE_SENT_TOO_OFTEN_TODAY"
    message = "Too many codes were sent to this phone today."


@dataclass(frozen=True, slots=True)
class SentCode:
    """What a client learns of a code that was sent. Times are seconds."""

    expires_in: int
    next_in: int
    code: str | None  # with an offline provider only


def send_code(phone: str, purpose: str = "login") -> SentCode:
    """Send a new code, which replaces the one before.

    Raises:
        SentTooOften: the last one is too recent.
        SentTooOftenToday: too many were sent within a day.
        SMSError: the provider failed; nothing is kept.
    """
    phone = normalise(phone)
    provider: SMSProvider = current_app.extensions["sms"]
    pause, key = redis_keys.sms_pause(phone), redis_keys.sms_code(purpose, phone)
    if settings.sms_code_interval and not redis.set(pause, 1, nx=True, ex=settings.sms_code_interval):
        raise SentTooOften(retry_after=max(1, redis.ttl(pause)))
    _count_against_day(phone, pause)
    code = f"{secrets.randbelow(10**6):06d}"
    with redis.pipeline(transaction=True) as pipe:
        pipe.delete(key)
        pipe.hset(key, mapping={"hash": _hash(phone, purpose, code), "tries": TRIES})
        pipe.expire(key, settings.sms_code_lifetime)
        pipe.execute()
    try:
        provider.send(phone, f"{code} is your code for Solo. It is valid for {settings.sms_code_lifetime // 60} min.")
    except SMSError:
        redis.delete(pause, key)
        raise
    shown = provider.offline and not settings.in_production
    return SentCode(settings.sms_code_lifetime, settings.sms_code_interval, code if shown else None)


def use_code(phone: str, purpose: str, code: str) -> None:
    """Use up the code.

    Raises:
        CodeWrong: it is not the one, or was used, or is too old, or this was one try too many.
    """
    if not redis.eval(TRY_CODE, 1, redis_keys.sms_code(purpose, phone), _hash(phone, purpose, code)):
        raise CodeWrong


def _count_against_day(phone: str, pause: str) -> None:
    day = redis_keys.sms_day(phone)
    with redis.pipeline(transaction=True) as pipe:
        pipe.set(day, 0, nx=True, ex=DAY)
        pipe.incr(day)
        pipe.ttl(day)
        _, count, left = pipe.execute()
    if count > settings.sms_codes_per_day:
        redis.delete(pause)  # the day is the longer wait, and the one to tell
        raise SentTooOftenToday(retry_after=max(1, left))


def _hash(phone: str, purpose: str, code: str) -> str:
    """Keyed, because six digits alone could be tried out against a plain hash."""
    text = f"sms:{purpose}:{phone}:{code}"
    return hmac.new(settings.secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()
