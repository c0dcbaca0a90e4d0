"""What every SMS provider is, how it fails, and how those that go through HTTP send."""

import logging
import time
from typing import Any, Protocol

from flask_api.core.errors import ServiceUnavailable
from flask_api.providers.outside import OutsideAnswer, OutsideError, fetch

log = logging.getLogger(__name__)

MAX_ANSWER = 64 * 1024  # bytes; a vendor's answer has a few hundred
PAUSE = 0.1  # seconds before the second try


class SMSError(ServiceUnavailable):
    """Nobody has said that the SMS was sent.

    Args:
        sent: whether it may arrive all the same; False: surely not.
    """

    status = "SMS_ERROR"
    message = "The SMS could not be sent; try again in a moment."

    def __init__(self, message: str | None = None, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class SMSProvider(Protocol):
    """Sends codes to phones."""

    offline: bool  # nothing leaves the machine, so the answer may carry the code

    def send_code(self, phone: str, code: str, minutes: int) -> None:
        """Send ``code``, valid for some minutes, to ``phone`` (E.164).

        Raises:
            SMSError: it was not sent, as far as we know.
        """


def send(method: str, url: str, *, timeout: float, **request: Any) -> OutsideAnswer:
    """Send a request to the vendor, once more where nothing of the first can have reached them.

    While too many requests wait for services outside there is no second try: it would hold one thread more.

    Args:
        timeout: seconds for both together.

    Raises:
        SMSError: no answer came in time, or one that is too large, or a 5xx; or it was not asked.
    """
    deadline = time.monotonic() + timeout
    try:
        return fetch("sms", method, url, timeout=timeout, max_bytes=MAX_ANSWER, **request)
    except OutsideError as error:
        left = deadline - time.monotonic() - PAUSE
        if error.sent or error.reason == "busy" or left <= 0:
            raise failed(error.reason, sent=error.sent) from None
    time.sleep(PAUSE)
    try:
        return fetch("sms", method, url, timeout=left, max_bytes=MAX_ANSWER, **request)
    except OutsideError as error:
        raise failed(error.reason, sent=error.sent) from None


def failed(reason: object, *, sent: bool = True) -> SMSError:
    """Return the error to raise, once the log says why: a word or the vendor's code, never a phone or a text."""
    log.warning("the SMS vendor failed: %s", str(reason)[:100])
    return SMSError(sent=sent)


def refused(code: object) -> SMSError:
    """Return the error to raise when the vendor has answered that it does not send; ``code`` is theirs."""
    log.warning("the SMS vendor refused: %s", str(code)[:100])
    return SMSError(sent=False)
