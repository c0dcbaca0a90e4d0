"""No mail at all."""

from email.message import EmailMessage

from flask_api.providers.mail.sending import MailError
from flask_api.settings import Settings


class NoMail:
    """Sends nothing and says so."""

    sends = False

    def send(self, message: EmailMessage) -> None:
        raise MailError("No mail can be sent from here.")


def make_provider(values: Settings) -> NoMail:
    return NoMail()
