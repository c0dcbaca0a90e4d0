"""Codes sent to phones by SMS; what a code is, codes.py says."""

from collections.abc import Iterator

from flask import current_app

from flask_api.accounts import codes
from flask_api.accounts.codes import DAY, Asker, CodeWrong, SentCode, SentTooOften, SentTooOftenToday, TooManyCodes
from flask_api.core import redis_keys
from flask_api.core.rate_limits import Limit, bucket
from flask_api.extensions import settings
from flask_api.providers.sms import SMSProvider
from flask_api.setting_kinds import Quota
from flask_api.settings import Settings
from flask_api.users.phones import normalise

__all__ = ["Asker", "CodeWrong", "SentCode", "SentTooOften", "SentTooOftenToday", "TooManyCodes"]

PURPOSES = ("login", "password_reset", "phone", "proof")


def _pause(values: Settings) -> Quota | None:
    return Quota(1, values.sms_code_interval) if values.sms_code_interval else None


SMS_PAUSE = Limit("sms-phone", "a phone", _pause)
SMS_DAY = Limit("sms-phone-day", "a phone", lambda values: Quota(values.sms_codes_per_day, DAY))
SMS_PER_ADDRESS = Limit("sms-address", "an address", lambda values: values.limit_sms_per_address)
SMS_PER_DEVICE = Limit("sms-device", "a device", lambda values: values.limit_sms_per_device)
SMS_IN_ALL = Limit("sms-all", "everybody", lambda values: values.limit_sms_in_all)
LIMITS = (SMS_PAUSE, SMS_DAY, SMS_PER_ADDRESS, SMS_PER_DEVICE, SMS_IN_ALL)


def send_code(phone: str, purpose: str = "login", asker: Asker = codes.UNKNOWN) -> SentCode:
    """Send a new code, which replaces the one before.

    Raises:
        SentTooOften: the last one is too recent.
        SentTooOftenToday: too many were sent within a day.
        TooManyCodes: too many were sent for this address or device, or in all.
        SMSError: the provider failed; the code is void, and counts where it may arrive all the same. The one before
            stays as it was.
    """
    phone = normalise(phone)
    provider: SMSProvider = current_app.extensions["sms"]
    place, code, lifetime = place_of(phone, purpose), codes.random_code(), settings.sms_code_lifetime
    with codes.counted(_limits(phone, asker)):
        provider.send_code(phone, code, minutes=lifetime // 60)
        codes.keep(place, code, lifetime)
    shown = provider.offline and not settings.in_production
    return SentCode(lifetime, settings.sms_code_interval, code if shown else None)


def _limits(phone: str, asker: Asker) -> Iterator[codes.Counted]:
    errors = {SMS_PAUSE: SentTooOften, SMS_DAY: SentTooOftenToday}
    for limit, who in zip(LIMITS, (phone, phone, bucket(asker.address), asker.device, "all"), strict=True):
        yield limit, who, errors.get(limit, TooManyCodes)


def use_code(phone: str, purpose: str, code: str) -> None:
    """Use up the code.

    Raises:
        CodeWrong: see :func:`codes.try_code`.
    """
    codes.try_code(place_of(phone, purpose), code)


def place_of(phone: str, purpose: str) -> codes.Place:
    """Return where the code is kept that was sent to a phone."""
    return codes.Place(redis_keys.sms_code(purpose, phone), f"sms:{purpose}:{phone}")
