"""What every mail provider is, and how it fails."""

from email.message import EmailMessage
from typing import Protocol

from flask_api.core.errors import ServiceUnavailable


class MailError(ServiceUnavailable):
    status = "MAIL_ERROR"
    message = "No mail can be sent at present; try again in a moment."


class MailRefused(MailError):
    """The server will never take this mail: there is no such recipient, or the like (SMTP 5xx)."""


class MailProvider(Protocol):
    """Sends mail."""

    sends: bool  # False: mail is switched off here

    def send(self, message: EmailMessage) -> None:
        """Send a message that is whole: with sender, recipients, subject, date, id.

        Raises:
            MailRefused: it will never be taken.
            MailError: it was not taken, as far as we know; it may be tried again.
        """
