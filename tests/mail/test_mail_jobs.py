"""Mails are sent by jobs: what fails is tried again, and at last given up."""

from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from sqlalchemy import select, update

from flask_api.core.database import now
from flask_api.core.job_rows import Job
from flask_api.core.jobs import TRIES
from flask_api.providers.mail import make_mail_provider
from flask_api.settings import Settings
from tests.factories import Factory
from tests.jobs_run import run_jobs
from tests.mail.reading import EMAIL
from tests.mail.smtp_server import MailServer, free

Make = Callable[..., Settings]


def ask(make: Factory) -> None:
    assert make.user().post("/emails/codes", json={"email": EMAIL, "purpose": "email"}).status_code == 201


def send_again(make: Factory) -> None:
    make.execute(update(Job).values(due_at=now() - timedelta(seconds=1)))
    run_jobs(make.app)


def jobs(make: Factory) -> list[tuple[int, bool]]:
    """How often each has been tried, and whether it is dead."""
    return [(row.attempts, row.died_at is not None) for row in make.execute(select(Job.attempts, Job.died_at))]


def test_mail_that_is_refused_for_now_is_sent_later(make: Factory, app: Flask, by_smtp: Make) -> None:
    with MailServer() as server:
        app.extensions["mail"] = make_mail_provider(by_smtp(server.port))
        server.refuse["RCPT"] = "451 greylisted"
        ask(make)
        run_jobs(app)
        assert (server.received, jobs(make)) == ([], [(1, False)])
        server.refuse.clear()
        send_again(make)
    assert [mail["To"] for mail in server.received] == [EMAIL]
    assert jobs(make) == []


def test_mail_that_can_never_be_sent_is_dead_at_last(make: Factory, app: Flask, by_smtp: Make) -> None:
    app.extensions["mail"] = make_mail_provider(by_smtp(free()))
    ask(make)
    run_jobs(app)
    for attempt in range(2, TRIES + 1):
        assert jobs(make) == [(attempt - 1, False)]
        send_again(make)
    assert jobs(make) == [(TRIES, True)]


def test_mail_whose_recipient_does_not_exist_is_not_tried_again(make: Factory, app: Flask, by_smtp: Make) -> None:
    with MailServer() as server:
        app.extensions["mail"] = make_mail_provider(by_smtp(server.port))
        server.refuse["RCPT"] = "550 no such user"
        ask(make)
        run_jobs(app)
    assert jobs(make) == []
