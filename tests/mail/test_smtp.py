"""Mail by SMTP: to a real server, good or bad."""

import logging
import socket
import time
from collections.abc import Callable
from email.message import EmailMessage

import pytest
from flask import Flask

from flask_api.core.transaction import transactional
from flask_api.mail.messages import make_message
from flask_api.providers.mail import MailError, MailProvider, MailRefused, make_mail_provider
from flask_api.settings import Settings
from tests.mail import smtp_server
from tests.mail.authority import Authority
from tests.mail.smtp_server import PASSWORD, USER, BadServer, MailServer

Make = Callable[..., Settings]
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # aiosmtpd's, of tls
SECURITIES = ["none", "starttls", "tls"]
QUICK = 0.25  # seconds
SLACK = 2.0  # the machine does other things too


def message(settings: Settings, to: str = "lin@example.com") -> EmailMessage:
    subject, text = "您的验证码", "048213 是您的验证码。\n"
    return make_message(settings, to=[to], subject=subject, text=text, html=f"<p>{text}</p>", key="one")


def provider(settings: Settings, trusted: Authority | None, monkeypatch: pytest.MonkeyPatch) -> MailProvider:
    """The provider as the app makes it; the authority is added to those of the system, as an operator would."""
    if trusted is not None:
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted.trusted))
    return make_mail_provider(settings)


def written(caplog: pytest.LogCaptureFixture) -> str:
    """What we log; the test's own server does too."""
    return "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("flask_api"))


@pytest.mark.parametrize("security", SECURITIES)
def test_mail_arrives_whole(
    security: str, authority: Authority, by_smtp: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MailServer(security, authority) as server:
        settings = by_smtp(server.port, smtp_security=security)
        provider(settings, authority, monkeypatch).send(message(settings))
    [mail] = server.received
    assert (mail["From"], mail["To"], mail["Subject"]) == ("Solo <solo@example.com>", "lin@example.com", "您的验证码")
    assert mail["Message-ID"] == "<one@example.com>"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    text = mail.get_body(("plain",))
    assert text is not None
    assert text.get_content().strip() == "048213 是您的验证码。"
    assert server.was_encrypted == [security != "none"]
    assert server.recipients == ["lin@example.com"]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_login_is_sent_encrypted_and_a_wrong_one_is_an_error_to_be_tried_again(
    security: str, authority: Authority, by_smtp: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MailServer(security, authority, login=True) as server:
        right = by_smtp(server.port, smtp_security=security, smtp_user=USER, smtp_password=PASSWORD)
        provider(right, authority, monkeypatch).send(message(right))
        wrong = right.model_copy(update={"smtp_password": "wrong horse"})
        with pytest.raises(MailError) as refusal:
            make_mail_provider(wrong).send(message(wrong))
    assert type(refusal.value) is MailError
    assert len(server.received) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("wrong", ["an authority that nobody knows", "the name of another server"])
def test_server_that_cannot_prove_who_it_is_gets_neither_mail_nor_password(
    wrong: str, security: str, authority: Authority, by_smtp: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MailServer(security, authority, login=True) as server:
        settings = by_smtp(server.port, smtp_security=security, smtp_user=USER, smtp_password=PASSWORD)
        trusted: Authority | None = None
        if "name" in wrong:
            settings, trusted = settings.model_copy(update={"smtp_host": "127.0.0.1"}), authority
        with pytest.raises(MailError):
            provider(settings, trusted, monkeypatch).send(message(settings))
    assert server.received == []


def test_server_without_starttls_gets_nothing_in_the_clear(by_smtp: Make) -> None:
    with MailServer("none") as server:
        settings = by_smtp(server.port, smtp_security="starttls")
        with pytest.raises(MailError):
            make_mail_provider(settings).send(message(settings))
    assert server.received == []


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
@pytest.mark.parametrize(
    ("answer", "error"), [("451 later", MailError), ("550 no such user lin@example.com", MailRefused)]
)
def test_4xx_may_be_tried_again_and_5xx_may_not(
    command: str, answer: str, error: type[MailError], by_smtp: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with MailServer() as server:
        server.refuse[command] = answer
        settings = by_smtp(server.port)
        with pytest.raises(MailError) as refusal:
            make_mail_provider(settings).send(message(settings))
    assert type(refusal.value) is error
    told = written(caplog)
    assert f"the mail server: refused the {'recipient' if command == 'RCPT' else 'mail'}: " in told
    assert answer[:3] in told
    assert "lin@example.com" not in told


@pytest.mark.parametrize("answer", ["451 later", "530 log in first", "550 solo@example.com is nobody here"])
def test_refused_sender_may_be_put_right_so_the_mail_is_tried_again(
    answer: str, by_smtp: Make, caplog: pytest.LogCaptureFixture
) -> None:
    with MailServer() as server:
        server.refuse["MAIL"] = answer
        settings = by_smtp(server.port)
        with pytest.raises(MailError) as refusal:
            make_mail_provider(settings).send(message(settings))
    assert type(refusal.value) is MailError
    assert f"the mail server: refused the sender: {answer[:3]}" in written(caplog)
    assert server.received == []


BAD = [
    smtp_server.hang,
    smtp_server.drip,
    smtp_server.drip_lines,
    smtp_server.flood,
    smtp_server.garbage,
    smtp_server.leave,
    smtp_server.die_at_data,
]


@pytest.mark.parametrize(
    ("security", "speak"),
    [*(("none", speak) for speak in BAD), ("tls", smtp_server.hang), ("tls", smtp_server.garbage)],
    ids=lambda told: getattr(told, "__name__", told),
)
def test_bad_server_costs_no_more_than_the_time_out(speak: Callable[..., None], security: str, by_smtp: Make) -> None:
    with BadServer(speak) as server:
        settings = by_smtp(server.port, smtp_timeout=QUICK, smtp_host="127.0.0.1", smtp_security=security)
        mail, mail_provider, began = message(settings), make_mail_provider(settings), time.monotonic()
        with pytest.raises(MailError) as failure:
            mail_provider.send(mail)
        assert time.monotonic() - began < QUICK + SLACK
    assert type(failure.value) is MailError


def test_slow_server_is_waited_for(by_smtp: Make) -> None:
    with BadServer(smtp_server.be_slow) as server:
        settings = by_smtp(server.port)
        make_mail_provider(settings).send(message(settings))


def test_server_that_is_not_there_is_an_error(by_smtp: Make) -> None:
    settings = by_smtp(smtp_server.free())
    with pytest.raises(MailError):
        make_mail_provider(settings).send(message(settings))


def test_host_that_takes_no_connection_is_given_up_in_time(by_smtp: Make) -> None:
    """A full backlog: the handshake of TCP is never answered."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        held = [socket.socket() for _ in range(4)]
        for one in held:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        settings = by_smtp(port, smtp_timeout=QUICK, smtp_host="127.0.0.1")
        began = time.monotonic()
        with pytest.raises(MailError):
            make_mail_provider(settings).send(message(settings))
        assert time.monotonic() - began < QUICK + SLACK
        for one in held:
            one.close()


def test_no_mail_is_sent_while_a_transaction_is_open(app: Flask, by_smtp: Make) -> None:
    settings = by_smtp(smtp_server.free())

    @transactional
    def send() -> None:
        make_mail_provider(settings).send(message(settings))

    with app.app_context(), pytest.raises(RuntimeError, match="transaction"):
        send()
