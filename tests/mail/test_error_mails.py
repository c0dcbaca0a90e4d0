"""Errors reach the operators by mail: few mails, and nothing waits for them."""

import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from email import policy
from email.parser import BytesParser
from pathlib import Path

import pytest
from flask import Flask

from flask_api.core import error_mails
from flask_api.core.error_mails import MAX_LINES, ErrorMails
from flask_api.core.logs import JsonLines
from flask_api.mail.operators import mail_errors
from flask_api.providers.mail import make_mail_provider
from flask_api.settings import ROOT, Settings
from tests.mail.smtp_server import BadServer, MailServer, hang

PAUSE, GATHER = 0.6, 0.05
FLOOD = 100  # errors
FLOOD_GATHER = 2.0  # seconds from its first error to its mail; it is over by then on a busy machine too
OPERATORS = ["ops@example.com", "night@example.com"]
Make = Callable[..., Settings]
log = logging.getLogger("flask_api.tests.errors")


@pytest.fixture
def gather() -> float:
    return GATHER


@pytest.fixture
def handler(tmp_path: Path, gather: float) -> Iterator[ErrorMails]:
    """The handler of logging.ini, quicker than there, for this file alone: threads of earlier tests may log errors."""
    made = ErrorMails(str(tmp_path), pause=PAUSE, gather=gather)
    made.setLevel(logging.ERROR)
    made.setFormatter(JsonLines())
    log.addHandler(made)
    yield made
    log.removeHandler(made)
    error_mails.send_by(None)
    made.close()


def use(app: Flask, settings: Settings) -> None:
    app.extensions["settings"] = settings.model_copy(update={"operators": OPERATORS})
    app.extensions["mail"] = make_mail_provider(settings)
    mail_errors(app)


def wait_for(condition: Callable[[], object], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.usefixtures("handler")
@pytest.mark.parametrize("gather", [FLOOD_GATHER])
def test_flood_of_errors_is_one_mail_with_their_count_and_the_first_lines(app: Flask, by_smtp: Make) -> None:
    with MailServer() as server:
        use(app, by_smtp(server.port))
        began = time.monotonic()
        for number in range(FLOOD):
            log.error("error number %d", number)
        assert server.received == [], "nothing waits for the mail"
        log.warning("that is none")
        wait_for(lambda: server.received)
        [mail] = server.received
        assert server.recipients == OPERATORS
        assert str(mail["Subject"]).startswith(f"Solo: {FLOOD} errors on ")
        assert mail["Auto-Submitted"] == "auto-generated"
        lines = [json.loads(line) for line in str(mail.get_content()).splitlines() if line.startswith("{")]
        assert [line["message"] for line in lines] == [f"error number {number}" for number in range(MAX_LINES)]
        log.error("another")
        wait_for(lambda: len(server.received) == 2)
        assert time.monotonic() - began > FLOOD_GATHER + PAUSE, "the next waits for its minute"
        assert str(server.received[1]["Subject"]).startswith("Solo: 1 error on ")


@pytest.mark.long
def test_processes_of_a_host_take_turns(app: Flask, by_smtp: Make, tmp_path: Path, handler: ErrorMails) -> None:
    other = ErrorMails(str(tmp_path), pause=PAUSE, gather=GATHER)
    with MailServer() as server:
        use(app, by_smtp(server.port))
        began = time.monotonic()
        for one in (handler, other):
            one.handle(log.makeRecord("x", logging.ERROR, "f", 1, "it broke", (), None))
        wait_for(lambda: len(server.received) == 2)
        assert time.monotonic() - began > PAUSE, "the second waits for its minute"
        other.close()


@pytest.mark.usefixtures("handler")
def test_hanging_mail_server_blocks_nobody_and_holds_one_thread(app: Flask, by_smtp: Make) -> None:
    threads = threading.active_count()
    timeout = 3.0
    with BadServer(hang) as server:
        use(app, by_smtp(server.port, smtp_timeout=timeout))
        for _ in range(3):
            began = time.monotonic()
            log.error("it broke")
            assert time.monotonic() - began < timeout / 2
            time.sleep(2 * GATHER)
        assert threading.active_count() <= threads + 2, "one thread mails, however many errors there are"


@pytest.mark.usefixtures("handler")
def test_errors_that_could_not_be_mailed_come_with_the_next_mail(app: Flask, by_smtp: Make) -> None:
    with MailServer() as server:
        server.refuse["DATA"] = "451 later"
        use(app, by_smtp(server.port))
        log.error("first")
        wait_for(lambda: server.recipients == [] and (time.sleep(0.3) or True))
        server.refuse.clear()
        log.error("second")
        wait_for(lambda: server.received)
        assert str(server.received[0]["Subject"]).startswith("Solo: 2 errors on ")


@pytest.mark.usefixtures("handler")
def test_error_of_the_mailing_itself_makes_no_mail(app: Flask) -> None:
    mailed: list[int] = []

    def send(count: int, lines: list[str]) -> None:
        log.error("mailing failed")
        mailed.append(count)

    error_mails.send_by(send)
    log.error("it broke")
    wait_for(lambda: mailed)
    time.sleep(PAUSE * 1.3)
    assert mailed == [1]


def test_nobody_is_mailed_who_is_not_named(app: Flask, handler: ErrorMails) -> None:
    mail_errors(app)
    log.error("it broke")
    assert handler._thread is None
    assert error_mails._senders == []


PROGRAM = """
import logging
from contextlib import ExitStack
from flask_api.cli.running import prepare_app
from flask_api.settings import load_settings
with ExitStack() as stack:
    prepare_app(load_settings(), stack)
logging.getLogger("flask_api").error("the last word")
"""


def test_logging_ini_mails_what_was_gathered_when_the_process_ends(tmp_path: Path, settings: Settings) -> None:
    data_dir = tmp_path / "data"
    told = {"DATA_DIR": str(data_dir), "OPERATORS": "ops@example.com", "REDIS_URL": settings.redis_url}
    told["DATABASE_URL"] = settings.database_url
    environment = {f"SOLO_{name}": value for name, value in told.items()}
    program = [sys.executable, "-c", PROGRAM]
    ran = subprocess.run(program, env=environment, cwd=ROOT, capture_output=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    [file] = (data_dir / "outbox").glob("*.eml")
    mail = BytesParser(policy=policy.default).parsebytes(file.read_bytes())
    assert mail["To"] == "ops@example.com"
    assert "the last word" in str(mail.get_content())  # type: ignore[attr-defined]
