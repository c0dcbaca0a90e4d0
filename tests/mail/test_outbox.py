"""The outbox, where mail goes in development."""

import logging
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask

from flask_api.mail.services import send_mail
from flask_api.providers.mail import MailError, make_mail_provider
from flask_api.settings import Settings
from tests.clients import Client, data
from tests.factories import Factory
from tests.jobs_run import run_jobs

Outbox = Callable[[], list[EmailMessage]]
MAIL = {"to": "lin@example.com", "template": "password_reset", "values": {"code": "048213", "minutes": 15}}


def test_mail_is_a_file_that_any_mail_program_reads(
    app: Flask, tmp_path: Path, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with app.app_context():
        send_mail.now(**MAIL, language="zh")
    [mail] = outbox()
    assert (mail["To"], mail["Subject"]) == ("lin@example.com", "重置密码验证码")
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        assert "048213" in body.get_content()
    [path] = (tmp_path / "outbox").iterdir()
    line = caplog.messages[-1]
    assert str(path) in line
    assert "l***@example.com" in line
    assert "lin@" not in line
    assert "048213" not in caplog.text


def test_same_job_run_twice_makes_mails_of_the_same_id(app: Flask, outbox: Outbox) -> None:
    with app.app_context():
        send_mail.now(**MAIL, language="en")
        send_mail.now(**MAIL, language="en")
        send_mail.now(**{**MAIL, "to": "wei@example.com"}, language="en")
    first, second, other = outbox()
    assert first["Message-ID"] == second["Message-ID"] != other["Message-ID"]


def test_newcomer_gets_a_mail_in_the_outbox(make: Factory, app: Flask, outbox: Outbox) -> None:
    asked = make.user().post("/emails/codes", json={"email": "lin@example.com", "purpose": "email"})
    assert data(asked) == {"expires_in": 900, "next_in": 0}
    assert outbox() == []
    run_jobs(app)
    assert [mail["To"] for mail in outbox()] == ["lin@example.com"]


def test_by_default_production_sends_nothing_and_says_so(plain_settings: Settings, app: Flask) -> None:
    production = plain_settings.model_copy(update={"environment": "production"})
    assert (plain_settings.mails_by, production.mails_by) == ("outbox", "none")
    app.extensions["mail"] = make_mail_provider(production)
    with app.app_context(), pytest.raises(MailError):
        send_mail.now(**MAIL, language="en")
    answer = Client(app).post("/emails/codes", json={"email": "lin@example.com", "purpose": "password_reset"})
    assert (answer.status_code, answer.get_json()["status"]) == (503, "MAIL_ERROR")
