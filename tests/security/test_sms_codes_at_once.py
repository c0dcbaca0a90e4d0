"""Many at a time: guesses, sends, registrations."""

from itertools import islice

import pytest
from flask import Flask

from flask_api.settings import Settings
from tests.accounts.sending_sms import SendingSMS
from tests.clients import Client, data, failure
from tests.factories import Factory, at_once


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Hundreds of threads in one process make even a quick Redis answer late."""
    return settings.model_copy(update={"redis_timeout": 30, "database_timeout": 30})


def test_of_200_guesses_at_once_five_at_most_are_looked_at(app: Flask, make: Factory, client: Client) -> None:
    """Redis itself counts how often a hash was compared."""
    phone = make.phone()
    right = data(client.post("/auth/sms-codes", json={"phone": phone}))["code"]
    wrong = [code for code in (f"{number:06d}" for number in range(201)) if code != right]

    def guess(code: str) -> int:
        return client.post("/auth/sms-login", json={"phone": phone, "code": code}).status_code

    redis = app.extensions["redis"]
    redis.config_resetstat()
    codes = at_once([lambda code=code: guess(code) for code in islice(wrong, 200)])
    assert codes == [401] * 200
    assert redis.info("commandstats")["cmdstat_hget"]["calls"] == 5
    assert guess(right) == 401  # all tries are used up, and were counted


def test_right_code_at_once_from_many_logs_in_one(make: Factory, client: Client) -> None:
    phone = make.phone()
    code = data(client.post("/auth/sms-codes", json={"phone": phone}))["code"]
    login = {"phone": phone, "code": code}
    codes = at_once([lambda: client.post("/auth/sms-login", json=login).status_code] * 30)
    assert sorted(codes) == [200] + [401] * 29


def test_guesses_of_one_round_evaluate_exactly_five(make: Factory, client: Client) -> None:
    """Each try that is looked at takes one off the counter in Redis; the fifth removes the code."""
    phone = make.phone()
    right = data(client.post("/auth/sms-codes", json={"phone": phone}))["code"]
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    for _ in range(4):
        client.post("/auth/sms-login", json={"phone": phone, "code": wrong})
    answers = at_once([lambda: client.post("/auth/sms-login", json={"phone": phone, "code": right}).status_code] * 2)
    assert sorted(answers) == [200, 401]  # the fifth try is right; there is no sixth


def test_100_sends_at_once_make_one_sms(make: Factory, app: Flask, client: Client, settings: Settings) -> None:
    app.extensions["sms"] = provider = SendingSMS()
    app.extensions["settings"] = settings.model_copy(update={"sms_code_interval": 60})
    phone = make.phone()
    spellings = [phone, f"+86{phone}", f"0086 {phone}", f"{phone[:3]}-{phone[3:7]}-{phone[7:]}"]

    def send(spelling: str) -> tuple[int, str]:
        return failure(client.post("/auth/sms-codes", json={"phone": spelling}))

    answers = at_once([lambda number=number: send(spellings[number % 4]) for number in range(100)])
    assert answers.count((201, "SUCCESS")) == 1
    assert answers.count((429, "CODE_SENT_TOO_OFTEN")) == 99
    assert [receiver for receiver, _ in provider.sent] == [f"+86{phone}"]


def test_sends_at_once_do_not_pass_the_days_cap(make: Factory, app: Flask, client: Client, settings: Settings) -> None:
    app.extensions["sms"] = provider = SendingSMS()
    app.extensions["settings"] = settings.model_copy(update={"sms_codes_per_day": 5})
    phone = make.phone()
    at_once([lambda: client.post("/auth/sms-codes", json={"phone": phone})] * 20)
    assert len(provider.sent) == 5


def test_registrations_of_one_phone_at_once_make_one_account(make: Factory, client: Client) -> None:
    """By SMS code, and by an admin beside it."""
    admin, phone = make.admin(), make.phone()

    def register() -> int | None:
        code = data(client.post("/auth/sms-codes", json={"phone": phone}))["code"]
        answer = client.post("/auth/sms-login", json={"phone": phone, "code": code})
        assert answer.status_code in (200, 401)  # 401: another thread's code took the place of this one
        return data(answer)["user_id"] if answer.status_code == 200 else None

    def create() -> int | None:
        answer = admin.post("/admin/users", json={"phone": f"+86{phone}"})
        assert answer.status_code in (201, 409)
        return data(answer)["id"] if answer.status_code == 201 else None

    ids = at_once([register, create] * 6)
    assert len({user_id for user_id in ids if user_id}) == 1
    assert len(data(admin.get("/admin/users", query_string={"phone": phone}))["items"]) == 1
