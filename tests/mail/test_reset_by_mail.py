"""Resetting a password by a code that comes by mail."""

import re
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from itertools import islice

import pytest
from flask import Flask
from sqlalchemy import func, select

from flask_api.accounts import mail_codes
from flask_api.core.job_rows import Job
from flask_api.setting_kinds import Quota
from flask_api.settings import Settings
from tests.accounts.test_secrets_at_rest import in_database, in_redis
from tests.clients import Client, data, failure
from tests.conftest import start_app, stop_app
from tests.factories import Factory, at_once
from tests.jobs_run import run_jobs
from tests.mail.reading import EMAIL, ask_for_code, code_in, user_with_email
from tests.security.test_which_phones_are_registered import looks_of

Outbox = Callable[[], list[EmailMessage]]
OLD, NEW = "correct horse", "battery staple"


@pytest.fixture
def restart(app: Flask, settings: Settings) -> Iterator[Callable[..., Flask]]:
    """Starts another app over the same database and Redis, with other settings."""
    apps: list[Flask] = []

    def start(**changes: object) -> Flask:
        apps.append(start_app(settings.model_copy(update=changes)))
        return apps[-1]

    yield start
    for other in apps:
        stop_app(other)


def ask(client: Client, email: str = EMAIL) -> tuple[int, str]:
    return failure(client.post("/emails/codes", json={"email": email, "purpose": "password_reset"}))


def reset(client: Client, code: str, **who: str) -> tuple[int, str]:
    return failure(client.post("/auth/password-reset", json={"code": code, "new_password": NEW, **who}))


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def test_forgotten_password_is_set_anew_by_the_code_in_the_mail(
    make: Factory, app: Flask, client: Client, outbox: Outbox
) -> None:
    phone = make.phone()
    me = user_with_email(make, outbox, phone=phone, password=OLD)
    code = ask_for_code(client, app, outbox, EMAIL.upper(), "password_reset")
    assert reset(client, wrong(code), email=EMAIL) == (401, "CODE_WRONG")
    assert reset(client, code, email="Lin@example.com") == (200, "SUCCESS")
    assert reset(client, code, email=EMAIL) == (401, "CODE_WRONG")
    assert failure(me.get("/users/me")) == (401, "TOKEN_INVALID")
    assert failure(client.post("/auth/password-login", json={"phone": phone, "password": OLD}))[0] == 401
    assert client.post("/auth/password-login", json={"phone": phone, "password": NEW}).status_code == 200


def test_known_and_unknown_address_get_the_same_answers_and_only_the_known_one_a_mail(
    make: Factory, app: Flask, client: Client, outbox: Outbox
) -> None:
    user_with_email(make, outbox)
    asked = [{"email": email, "purpose": "password_reset"} for email in (EMAIL, "wei@example.com")]
    first, second = (looks_of(client.post("/emails/codes", json=one)) for one in asked)
    assert first == second
    assert first[0] == 201
    assert make.execute(select(func.count()).select_from(Job))[0][0] == 2, "and the same work is done for both"
    before = len(outbox())
    run_jobs(app)
    assert [mail["To"] for mail in outbox()[before:]] == [EMAIL]
    tried = [{"email": one["email"], "code": "000000", "new_password": NEW} for one in asked]
    first, second = (looks_of(client.post("/auth/password-reset", json=one)) for one in tried)
    assert first == second
    assert first[0] == 401


def test_exactly_one_of_phone_and_address_is_taken(make: Factory, client: Client) -> None:
    for who in ({}, {"phone": make.phone(), "email": EMAIL}):
        answer = client.post("/auth/password-reset", json={"code": "123456", "new_password": NEW, **who})
        assert failure(answer) == (400, "INVALID_FIELD")
        assert {error["field"] for error in answer.get_json()["errors"]} == {"phone", "email"}


def test_code_for_an_address_does_not_reset_and_a_code_to_reset_sets_no_address(
    make: Factory, app: Flask, client: Client, outbox: Outbox
) -> None:
    user = user_with_email(make, outbox)
    assert reset(client, ask_for_code(user, app, outbox, EMAIL, "email"), email=EMAIL) == (401, "CODE_WRONG")
    other = ask_for_code(client, app, outbox, EMAIL, "password_reset")
    put = user.put("/emails/me", json={"email": EMAIL, "code": other}, headers=user.prove())
    assert failure(put) == (401, "CODE_WRONG")


def test_mail_that_could_not_be_sent_in_time_is_not_sent(
    make: Factory, app: Flask, client: Client, outbox: Outbox, restart: Callable[..., Flask]
) -> None:
    user_with_email(make, outbox)
    assert ask(Client(restart(mail_code_lifetime=1))) == (201, "SUCCESS")
    time.sleep(1.1)
    assert run_jobs(app) == 1
    assert len(outbox()) == 1
    assert make.execute(select(Job.id)) == []


def test_mail_sent_again_says_the_same_code(make: Factory, app: Flask, client: Client, outbox: Outbox) -> None:
    user_with_email(make, outbox)
    until = int(time.time()) + 60
    with app.app_context():
        for seed in ("one", "one", "two"):
            mail_codes.mail_code.now(
                email=EMAIL, purpose="password_reset", user_id=None, seed=seed, language="en", until=until
            )
    first, again, other = (code_in(mail) for mail in outbox()[1:])
    assert first == again != other


def test_code_rests_nowhere_in_the_clear_while_its_mail_waits(
    make: Factory, app: Flask, client: Client, outbox: Outbox
) -> None:
    user_with_email(make, outbox)
    ask(client)
    kept = in_redis(app) + in_database(make)
    run_jobs(app)
    assert "mail:{lin@example.com}" in kept
    assert not re.search(rf"(?<![0-9a-f]){code_in(outbox()[-1])}(?![0-9a-f])", kept)


def test_second_code_within_a_minute_is_429(make: Factory, restart: Callable[..., Flask]) -> None:
    client = Client(restart(sms_code_interval=60))
    assert ask(client) == (201, "SUCCESS")
    assert ask(client, EMAIL.upper()) == (429, "CODE_SENT_TOO_OFTEN")
    assert ask(client, "wei@example.com") == (201, "SUCCESS")


def test_mails_are_capped_for_an_address_and_in_all(restart: Callable[..., Flask], app: Flask) -> None:
    for setting in ("limit_mails_per_address", "limit_mails_in_all"):
        app.extensions["redis"].flushall()
        client = Client(restart(**{setting: Quota(2, 3600)}))
        answers = [ask(client, f"lin{number}@example.com") for number in range(4)]
        assert answers == [(201, "SUCCESS")] * 2 + [(429, "TOO_MANY_CODES")] * 2


def test_codes_of_a_day_are_capped_for_a_recipient(restart: Callable[..., Flask]) -> None:
    client = Client(restart(sms_codes_per_day=2))
    assert [ask(client) for _ in range(3)] == [(201, "SUCCESS")] * 2 + [(429, "CODE_SENT_TOO_OFTEN_TODAY")]


def test_code_before_stays_valid_when_another_could_not_be_sent(
    make: Factory, app: Flask, client: Client, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_with_email(make, outbox, phone=make.phone(), password=OLD)
    code = ask_for_code(client, app, outbox, EMAIL, "password_reset")

    def fail(**arguments: object) -> None:
        raise OSError("no job can be stored")

    monkeypatch.setattr(mail_codes, "mail_code", fail)
    assert ask(client)[0] == 500
    assert reset(client, code, email=EMAIL) == (200, "SUCCESS")


def test_five_wrong_tries_void_the_code(make: Factory, app: Flask, client: Client, outbox: Outbox) -> None:
    user_with_email(make, outbox)
    code = ask_for_code(client, app, outbox, EMAIL, "password_reset")
    assert {reset(client, wrong(code), email=EMAIL) for _ in range(5)} == {(401, "CODE_WRONG")}
    assert reset(client, code, email=EMAIL) == (401, "CODE_WRONG")


@pytest.mark.long
def test_of_200_guesses_at_once_five_at_most_are_looked_at(
    make: Factory, client: Client, outbox: Outbox, app: Flask, settings: Settings
) -> None:
    """Redis itself counts how often a hash was compared."""
    app.extensions["settings"] = settings.model_copy(update={"redis_timeout": 30, "database_timeout": 30})
    user_with_email(make, outbox)
    right = ask_for_code(client, app, outbox, EMAIL, "password_reset")
    guesses = [code for code in (f"{number:06d}" for number in range(201)) if code != right]
    redis = app.extensions["redis"]
    redis.config_resetstat()
    told = at_once([lambda code=code: reset(client, code, email=EMAIL) for code in islice(guesses, 200)])
    assert set(told) == {(401, "CODE_WRONG")}
    assert redis.info("commandstats")["cmdstat_hget"]["calls"] == 5
    assert reset(client, right, email=EMAIL) == (401, "CODE_WRONG")


def test_admin_and_phone_ways_are_as_they_were(make: Factory, client: Client) -> None:
    phone = make.phone()
    make.user(phone)
    code = data(client.post("/auth/sms-codes", json={"phone": phone, "purpose": "password_reset"}))["code"]
    assert reset(client, code, phone=phone) == (200, "SUCCESS")
