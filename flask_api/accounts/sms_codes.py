"""SMS codes: 6 random digits, hashed at rest, one at a time for a phone and purpose, used once, a few tries.

All state is in Redis; without Redis nothing is sent and no code is accepted.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from flask import current_app

from flask_api.core import redis_keys
from flask_api.core.errors import TooManyRequests, Unauthorized
from flask_api.core.rate_limits import Budget, Limit, bucket, budget_of, give_back, take
from flask_api.extensions import redis, settings
from flask_api.providers.sms import SMSError, SMSProvider
from flask_api.setting_kinds import Quota
from flask_api.settings import Settings
from flask_api.users.phones import normalise

PURPOSES = ("login", "password_reset")
TRIES = 5
Counted = tuple[Budget, str]  # and for whom
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


class TooManyCodes(TooManyRequests):
    status = "TOO_MANY_CODES"
    message = "Too many codes were asked for; wait a little."


def _pause(values: Settings) -> Quota | None:
    return Quota(1, values.sms_code_interval) if values.sms_code_interval else None


SMS_PAUSE = Limit("sms-phone", "a phone", _pause)
SMS_DAY = Limit("sms-phone-day", "a phone", lambda values: Quota(values.sms_codes_per_day, DAY))
SMS_PER_ADDRESS = Limit("sms-address", "an address", lambda values: values.limit_sms_per_address)
SMS_PER_DEVICE = Limit("sms-device", "a device", lambda values: values.limit_sms_per_device)
SMS_IN_ALL = Limit("sms-all", "everybody", lambda values: values.limit_sms_in_all)
LIMITS = (SMS_PAUSE, SMS_DAY, SMS_PER_ADDRESS, SMS_PER_DEVICE, SMS_IN_ALL)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for a code. ``device``: what a client app calls the device, if it does."""

    address: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class SentCode:
    """What a client learns of a code that was sent. Times are seconds."""

    expires_in: int
    next_in: int
    code: str | None  # with an offline provider only


def send_code(phone: str, purpose: str = "login", asker: Asker = Asker()) -> SentCode:
    """Send a new code, which replaces the one before.

    Raises:
        SentTooOften: the last one is too recent.
        SentTooOftenToday: too many were sent within a day.
        TooManyCodes: too many were sent for this address or device, or in all.
        SMSError: the provider failed; nothing is kept.
    """
    phone = normalise(phone)
    provider: SMSProvider = current_app.extensions["sms"]
    counted, key = _count(phone, asker), redis_keys.sms_code(purpose, phone)
    code = f"{secrets.randbelow(10**6):06d}"
    with redis.pipeline(transaction=True) as pipe:
        pipe.delete(key)
        pipe.hset(key, mapping={"hash": _hash(phone, purpose, code), "tries": TRIES})
        pipe.expire(key, settings.sms_code_lifetime)
        pipe.execute()
    try:
        provider.send(phone, f"{code} is your code for Solo. It is valid for {settings.sms_code_lifetime // 60} min.")
    except SMSError:
        redis.delete(key)
        _uncount(counted)
        raise
    shown = provider.offline and not settings.in_production
    return SentCode(settings.sms_code_lifetime, settings.sms_code_interval, code if shown else None)


def _count(phone: str, asker: Asker) -> list[Counted]:
    """Count against each limit in turn. What is refused counts nowhere: else who hammers one phone locks out all."""
    counted: list[Counted] = []
    for budget, who, error in _limits(phone, asker):
        if wait := take(budget, who):  # itself it goes on counting: given back late, it would open the next window
            _uncount(counted)
            raise error(retry_after=wait)
        counted.append((budget, who))
    return counted


def _uncount(counted: list[Counted]) -> None:
    for budget, who in counted:
        give_back(budget, who)


def _limits(phone: str, asker: Asker) -> Iterator[tuple[Budget, str, type[TooManyRequests]]]:
    errors = {SMS_PAUSE: SentTooOften, SMS_DAY: SentTooOftenToday}
    for limit, who in zip(LIMITS, (phone, phone, bucket(asker.address), asker.device, "all"), strict=True):
        budget = budget_of([limit], settings)
        if budget is not None and who:
            yield budget, who, errors.get(limit, TooManyCodes)


def use_code(phone: str, purpose: str, code: str) -> None:
    """Use up the code.

    Raises:
        CodeWrong: it is not the one, or was used, or is too old, or this was one try too many.
    """
    if not redis.eval(TRY_CODE, 1, redis_keys.sms_code(purpose, phone), _hash(phone, purpose, code)):
        raise CodeWrong


def _hash(phone: str, purpose: str, code: str) -> str:
    """Keyed, because six digits alone could be tried out against a plain hash."""
    text = f"sms:{purpose}:{phone}:{code}"
    return hmac.new(settings.secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()
