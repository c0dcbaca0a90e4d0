"""Making mails: out of templates, or of plain text."""

import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Any, Literal

from flask import render_template

from flask_api.core.database import now
from flask_api.settings import Settings

Language = Literal["zh", "en"]
SUBJECT = "Subject: "


def from_template(template: str, language: Language, values: dict[str, Any]) -> tuple[str, str, str]:
    """Return subject, text and HTML of ``templates/mail/<template>.<language>.txt`` and ``.html``.

    The first line of the text is its subject. Values are escaped in the HTML.
    """
    name = f"mail/{template}.{language}"
    first, _, text = render_template(f"{name}.txt", **values).partition("\n")
    subject = first.removeprefix(SUBJECT)
    return subject, text.lstrip("\n"), render_template(f"{name}.html", subject=subject, **values)


def make_message(
    values: Settings, *, to: list[str], subject: str, text: str, html: str | None = None, key: str
) -> EmailMessage:
    """Return a whole message.

    Args:
        key: names it: sent twice with the same key, it has the same Message-ID, and mail programs show it once.

    Raises:
        ValueError: a header would have a line break in it.
    """
    sender = parseaddr(values.mail_from)[1]
    message = EmailMessage(policy=SMTP)
    message["From"] = values.mail_from
    message["To"] = [_address(one) for one in to]
    message["Subject"] = subject
    message["Date"] = format_datetime(now())
    message["Message-ID"] = f"<{key}@{sender.partition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday greeting answers it
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    return message


def _address(text: str) -> Address:
    if re.search(r"[\s\x00-\x1f\x7f]", text):
        raise ValueError("an address has a blank or a line break in it")
    return Address(addr_spec=text)
