"""What a mail says, in both languages, and what cannot be put into it."""

from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from flask_api.mail.messages import from_template, make_message
from flask_api.settings import Settings

FOLDER = Path(__file__).parents[2] / "flask_api/templates/mail"
VALUES: dict[str, dict[str, Any]] = {
    "password_reset": {"code": "048213", "minutes": 15},
    "email_verification": {"code": "048213", "minutes": 15},
    "email_changed": {},
    "export_ready": {"url": "https://solo.test/f?a=1&b=<2>", "hours": 24},
}


def test_template_has_a_subject_and_says_the_same_as_text_and_html(app: Flask) -> None:
    for template, values in VALUES.items():
        for language, code in (("zh", "zh-CN"), ("en", "en")):
            with app.app_context():
                subject, text, html = from_template(template, language, values)  # type: ignore[arg-type]
            assert subject
            assert "{" not in subject + text + html
            assert subject.isascii() == text.isascii() == (language == "en")
            for shown in map(str, values.values()):
                assert shown in text
                assert shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in html
            assert f'lang="{code}"' in html
            assert f"<title>{subject}</title>" in html
            assert "src=" not in html, "nothing is loaded when the mail is read"


def test_every_template_is_there_in_both_languages() -> None:
    names = {path.name for path in FOLDER.iterdir()} - {"layout.html", "parts.html"}
    assert names == {f"{name}.{ending}" for name in VALUES for ending in ("zh.txt", "zh.html", "en.txt", "en.html")}


def test_message_has_the_headers_of_a_mail_that_a_program_sends(plain_settings: Settings) -> None:
    told: dict[str, Any] = {"to": ["lin@example.com"], "subject": "s", "text": "t", "html": "<p>t</p>"}
    first, second, other = (make_message(plain_settings, **told, key=key) for key in ("one", "one", "two"))
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["Date"].endswith("+0000")
    assert first["Message-ID"] == second["Message-ID"] != other["Message-ID"]
    assert first.get_content_type() == "multipart/alternative"


@pytest.mark.parametrize("evil", ["a\r\nBcc: b@example.com", "a\nBcc: b@example.com", "a\rBcc: b@example.com"])
@pytest.mark.parametrize("place", ["to", "subject", "key", "mail_from"])
def test_line_break_in_a_header_is_refused(plain_settings: Settings, place: str, evil: str) -> None:
    told: dict[str, Any] = {"to": ["lin@example.com"], "subject": "s", "text": "t", "key": "k"}
    settings = plain_settings
    if place == "mail_from":
        settings = settings.model_copy(update={"mail_from": f"Solo <solo@example.com{evil}>"})
    else:
        told[place] = [evil] if place == "to" else evil
    try:
        made = make_message(settings, **told)
    except ValueError:
        return
    assert b"\r\nBcc:" not in made.as_bytes(policy=SMTP)
    pytest.fail("it was taken")


def test_line_break_of_a_value_cannot_leave_the_subject(app: Flask, plain_settings: Settings) -> None:
    """What comes after the first line is text."""
    with app.app_context():
        subject, text, _ = from_template("password_reset", "en", {"code": "1\r\nBcc: b@example.com", "minutes": 1})
    mail = make_message(plain_settings, to=["lin@example.com"], subject=subject, text=text, key="k")
    assert "Bcc" not in mail


@pytest.mark.parametrize("address", ["a b@example.com", "lin@example.com, b@example.com", "Lin <lin@example.com>", ""])
def test_what_is_not_one_bare_address_is_refused(plain_settings: Settings, address: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        make_message(plain_settings, to=[address], subject="s", text="t", key="k")
