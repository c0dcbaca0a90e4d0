"""Codes sent to e-mail addresses, by a job; what a code is, codes.py says.

Who asks is answered before anything is sent, the same whether an account has the address or not: only the job looks. It
is not given the code, which would lie in the database until the mail is out, but a seed: the code is made of it with
our key. So a mail that is sent twice says the same.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Iterator

from sqlalchemy import bindparam, select

from flask_api.accounts import codes
from flask_api.accounts.codes import DAY, Asker, SentCode, SentTooOften, SentTooOftenToday, TooManyCodes
from flask_api.core import redis_keys
from flask_api.core.auth import TokenMissing
from flask_api.core.jobs import background
from flask_api.core.rate_limits import Limit, bucket
from flask_api.core.transaction import rows
from flask_api.extensions import settings
from flask_api.mail.messages import Language
from flask_api.mail.services import check_mail_is_sent, send_mail
from flask_api.setting_kinds import Quota
from flask_api.settings import Settings
from flask_api.users import emails
from flask_api.users.models import UserAuth

TEMPLATES = {"email": "email_verification", "password_reset": "password_reset"}
PURPOSES = tuple(TEMPLATES)
OWNER = select(UserAuth.id).where(UserAuth.email == bindparam("email"))


def _pause(values: Settings) -> Quota | None:
    return Quota(1, values.sms_code_interval) if values.sms_code_interval else None


MAIL_PAUSE = Limit("mail-recipient", "an e-mail address", _pause)
MAIL_DAY = Limit("mail-recipient-day", "an e-mail address", lambda values: Quota(values.sms_codes_per_day, DAY))
MAIL_PER_USER = Limit("mail-user", "a user", lambda _: Quota(10, DAY))
MAIL_PER_ADDRESS = Limit("mail-address", "an address", lambda values: values.limit_mails_per_address)
MAIL_IN_ALL = Limit("mail-all", "everybody", lambda values: values.limit_mails_in_all)
LIMITS = (MAIL_PAUSE, MAIL_DAY, MAIL_PER_USER, MAIL_PER_ADDRESS, MAIL_IN_ALL)


def send_code(
    email: str, purpose: str, *, language: Language, asker: Asker = codes.UNKNOWN, user_id: int | None = None
) -> SentCode:
    """Have a new code sent, which replaces the one before.

    Args:
        purpose: ``email``, for an address that the caller says is theirs; or ``password_reset``.
        user_id: the caller, if somebody is logged in.

    Raises:
        TokenMissing: the purpose is ``email``, and nobody is.
        SentTooOften: the last one is too recent.
        SentTooOftenToday: too many were sent within a day.
        TooManyCodes: too many were sent for this user or address, or in all.
        MailError: mail is switched off.
    """
    if purpose == "email" and user_id is None:
        raise TokenMissing
    check_mail_is_sent()
    email, lifetime = emails.normalise(email), settings.mail_code_lifetime
    place, seed = place_of(email, purpose, user_id), secrets.token_hex(16)
    with codes.counted(_limits(email, user_id if purpose == "email" else None, asker)):
        until = int(time.time()) + lifetime
        mail_code(email=email, purpose=purpose, user_id=user_id, seed=seed, language=language, until=until)
        codes.keep(place, _code(place, seed), lifetime)
    return SentCode(lifetime, settings.sms_code_interval)


def _limits(email: str, user_id: int | None, asker: Asker) -> Iterator[codes.Counted]:
    user = "" if user_id is None else str(user_id)
    errors = {MAIL_PAUSE: SentTooOften, MAIL_DAY: SentTooOftenToday}
    for limit, who in zip(LIMITS, (email, email, user, bucket(asker.address), "all"), strict=True):
        yield limit, who, errors.get(limit, TooManyCodes)


@background
def mail_code(*, email: str, purpose: str, user_id: int | None, seed: str, language: Language, until: int) -> None:
    """Send the code, unless it is too old by now, or is for the password of an account that is not there.

    Args:
        until: when the code ends (Unix seconds).

    Raises:
        MailError: it was not taken; the job is tried again.
    """
    if time.time() >= until or (purpose == "password_reset" and not rows(OWNER, email=email)):
        return
    values = {"code": _code(place_of(email, purpose, user_id), seed), "minutes": settings.mail_code_lifetime // 60}
    send_mail.now(to=email, template=TEMPLATES[purpose], language=language, values=values)


def use_code(email: str, purpose: str, code: str, user_id: int | None = None) -> None:
    """Use up the code.

    Raises:
        CodeWrong: see :func:`codes.try_code`.
    """
    codes.try_code(place_of(email, purpose, user_id), code)


def place_of(email: str, purpose: str, user_id: int | None = None) -> codes.Place:
    """Return where the code is kept that was sent to an address; one for ``email`` is the caller's own."""
    purpose = f"email-{user_id}" if purpose == "email" else purpose
    return codes.Place(redis_keys.mail_code(purpose, email), f"mail:{purpose}:{email}")


def _code(place: codes.Place, seed: str) -> str:
    made = hmac.new(settings.secret_key.encode(), f"code:{place.name}:{seed}".encode(), hashlib.sha256)
    return f"{int.from_bytes(made.digest()) % 10**6:06d}"
