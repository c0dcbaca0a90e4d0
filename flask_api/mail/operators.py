"""Mailing errors to the operators: what core/error_mails.py gathers goes through the mail provider."""

import secrets
import socket

from flask import Flask

from flask_api.core import error_mails
from flask_api.mail.messages import make_message
from flask_api.providers.mail import MailProvider
from flask_api.settings import Settings


def mail_errors(app: Flask) -> None:
    """From now on, mail this process's errors to ``settings.operators``, if there are any."""
    settings: Settings = app.extensions["settings"]
    provider: MailProvider = app.extensions["mail"]
    if not settings.operators or not provider.sends:
        return

    def send(count: int, lines: list[str]) -> None:
        errors = "1 error" if count == 1 else f"{count} errors"
        subject = f"Solo: {errors} on {socket.gethostname()}"
        shown = f"The first {len(lines)} of {errors}:" if count > len(lines) else f"{errors}:"
        text = "\n\n".join([shown, *lines, ""])
        to, key = list(settings.operators), secrets.token_hex(16)
        provider.send(make_message(settings, to=to, subject=subject, text=text, key=key))

    error_mails.send_by(send)
