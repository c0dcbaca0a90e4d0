"""Sending mails to people, in the background."""

import hashlib
import hmac
import json
import logging
from typing import Any

from flask import current_app, g

from flask_api.core.jobs import background
from flask_api.extensions import settings
from flask_api.mail.messages import Language, from_template, make_message
from flask_api.providers.mail import MailError, MailProvider, MailRefused

log = logging.getLogger(__name__)


def check_mail_is_sent() -> None:
    """Refuse what would end in a mail, where none is sent.

    Raises:
        MailError: mail is switched off.
    """
    if not is_mail_sent():
        raise MailError("No mail can be sent from here.")


def is_mail_sent() -> bool:
    """Return whether mail is switched on."""
    return _provider().sends


@background
def send_mail(*, to: str, template: str, language: Language, values: dict[str, Any], key: str | None = None) -> None:
    """Send a mail. ``values`` are kept until it is sent: nothing secret belongs there.

    It may be sent twice, with the same Message-ID. What the server will never take is given up.

    Args:
        key: what the mail is, for its Message-ID; None: the request that asked for it, and what it says.

    Raises:
        MailError: it was not taken; the job is tried again.
    """
    subject, text, html = from_template(template, language, values)
    name = _hashed([key] if key is not None else [g.get("request_id"), to, template, language, values])
    message = make_message(settings, to=[to], subject=subject, text=text, html=html, key=name)
    try:
        _provider().send(message)
    except MailRefused:
        log.warning("a mail of the template %s is given up: its recipient is refused", template)


def _hashed(told: list[Any]) -> str:
    """Keyed, because a code in it could be found out from a plain hash."""
    text = json.dumps(told, sort_keys=True, default=str)
    return hmac.new(settings.secret_key.encode(), f"mail:{text}".encode(), hashlib.sha256).hexdigest()[:32]


def _provider() -> MailProvider:
    provider: MailProvider = current_app.extensions["mail"]
    return provider
