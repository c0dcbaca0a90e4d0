"""Sending mail: by SMTP, or for development into a folder."""

from flask_api.providers.mail import none, outbox, smtp
from flask_api.providers.mail.sending import MailError, MailProvider, MailRefused
from flask_api.settings import Settings

__all__ = ["MailError", "MailProvider", "MailRefused", "make_mail_provider"]


def make_mail_provider(values: Settings) -> MailProvider:
    """Return the provider that the settings name."""
    if values.mails_by == "smtp":
        return smtp.make_provider(values)
    return outbox.make_provider(values) if values.mails_by == "outbox" else none.make_provider(values)
