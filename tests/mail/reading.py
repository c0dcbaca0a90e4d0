"""Reading one's mail, as a user does."""

import re
from collections.abc import Callable
from email.message import EmailMessage

from flask import Flask

from tests.clients import Client, data
from tests.factories import Factory
from tests.jobs_run import run_jobs

Outbox = Callable[[], list[EmailMessage]]
EMAIL = "lin@example.com"


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def code_in(mail: EmailMessage) -> str:
    return re.findall(r"^ +([0-9]{6})$", text_of(mail), re.MULTILINE)[0]


def ask_for_code(client: Client, app: Flask, outbox: Outbox, email: str = EMAIL, purpose: str = "email") -> str:
    """Have a code mailed, and return it."""
    before = len(outbox())
    data(client.post("/emails/codes", json={"email": email, "purpose": purpose}))
    run_jobs(app)
    [mail] = outbox()[before:]
    assert mail["To"] == email.lower()
    return code_in(mail)


def user_with_email(make: Factory, outbox: Outbox, email: str = EMAIL, **columns: object) -> Client:
    """Somebody who is logged in and has an address."""
    user = make.user(**columns)  # type: ignore[arg-type]
    code = ask_for_code(user, make.app, outbox, email)
    proof = user.prove(**{name: str(value) for name, value in columns.items() if name == "password"})
    assert user.put("/emails/me", json={"email": email, "code": code}, headers=proof).status_code == 200
    return user
