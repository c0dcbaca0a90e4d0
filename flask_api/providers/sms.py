"""Sending SMS. The console provider is for development: it logs the text and lets the answer carry the code."""

import logging
from typing import Protocol

from flask_api.core.errors import ServiceUnavailable

log = logging.getLogger(__name__)


class SMSError(ServiceUnavailable):
    status = "SMS_ERROR"
    message = "The SMS could not be sent; try again in a moment."


class SMSProvider(Protocol):
    """Sends one text to one phone."""

    offline: bool  # nothing leaves the machine, so the answer may carry the code

    def send(self, phone: str, text: str) -> None:
        """Send ``text`` to ``phone`` (E.164).

        Raises:
            SMSError: it was not sent.
        """


class ConsoleSMS:
    """Writes to the log that something was sent; the text itself, a secret, stays out of it."""

    offline = True

    def send(self, phone: str, text: str) -> None:
        log.info("console SMS to %s***: %d characters", phone[:6], len(text))


class NoSMS:
    """Sends nothing and says so: people log in by password."""

    offline = False

    def send(self, phone: str, text: str) -> None:
        raise SMSError("No SMS can be sent from here; log in by password.")


def make_sms_provider(name: str) -> SMSProvider:
    """Return the provider that the settings name."""
    providers: dict[str, type[SMSProvider]] = {"console": ConsoleSMS, "none": NoSMS}
    return providers[name]()
