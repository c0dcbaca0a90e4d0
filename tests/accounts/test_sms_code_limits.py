"""How often a code is sent, how long it lives, and that it tells nothing about a phone."""

import re
import time
from collections.abc import Callable

import pytest
from flask import Flask

from flask_api.providers.sms import SMSError
from tests.accounts.sending_sms import SendingSMS
from tests.clients import Client, data, failure
from tests.factories import Factory

Restart = Callable[..., Flask]


def ask(client: Client, phone: str, purpose: str = "login") -> tuple[int, str]:
    return failure(client.post("/auth/sms-codes", json={"phone": phone, "purpose": purpose}))


def test_code_is_six_digits_and_says_how_long_it_lives(make: Factory, restart: Restart) -> None:
    sent = data(Client(restart(sms_code_interval=60)).post("/auth/sms-codes", json={"phone": make.phone()}))
    assert re.fullmatch("[0-9]{6}", sent.pop("code"))
    assert sent == {"expires_in": 300, "next_in": 60}


def test_second_code_within_a_minute_is_429_with_retry_after(make: Factory, restart: Restart) -> None:
    client, phone = Client(restart(sms_code_interval=60)), make.phone()
    assert ask(client, phone) == (201, "SUCCESS")
    for spelling, purpose in ((phone, "login"), (f"+86 {phone}", "login"), (phone, "password_reset")):
        answer = client.post("/auth/sms-codes", json={"phone": spelling, "purpose": purpose})
        assert failure(answer) == (429, "CODE_SENT_TOO_OFTEN")
        assert 55 <= int(answer.headers["Retry-After"]) <= 60
    assert ask(client, make.phone()) == (201, "SUCCESS")


def test_refused_send_leaves_the_code_before_valid(make: Factory, restart: Restart) -> None:
    client, phone = Client(restart(sms_code_interval=60)), make.phone()
    code = data(client.post("/auth/sms-codes", json={"phone": phone}))["code"]
    ask(client, phone)
    assert client.post("/auth/sms-login", json={"phone": phone, "code": code}).status_code == 200


@pytest.mark.parametrize("error", [SMSError(sent=False), SMSError(sent=True), OSError("a disk is full")])
def test_code_before_stays_valid_while_and_after_another_could_not_be_sent(
    make: Factory, restart: Restart, error: Exception
) -> None:
    client, phone = Client(restart(sms_code_lifetime=2)), make.phone()
    login = {"phone": phone, "code": data(client.post("/auth/sms-codes", json={"phone": phone}))["code"]}
    tried = {"phone": phone, "code": f"{(int(login['code']) + 1) % 10**6:06d}"}
    redis = client.app.extensions["redis"]
    (key,) = [one for one in redis.keys("*sms*") if redis.type(one) in ("hash", b"hash")]
    kept, lifetime = redis.hgetall(key), redis.pttl(key)
    seen = []

    class Failing:
        offline = False

        def send_code(self, phone: str, code: str, minutes: int) -> None:
            seen.append(redis.hgetall(key))
            raise error

    client.app.extensions["sms"] = Failing()
    assert ask(client, phone)[0] in (500, 503)
    assert (seen, redis.hgetall(key)) == ([kept], kept)
    assert redis.pttl(key) <= lifetime
    assert failure(client.post("/auth/sms-login", json=tried)) == (401, "CODE_WRONG")
    assert client.post("/auth/sms-login", json=login).status_code == 200


def test_next_code_may_be_sent_when_the_pause_is_over(make: Factory, restart: Restart) -> None:
    client, phone = Client(restart(sms_code_interval=1)), make.phone()
    assert ask(client, phone) == (201, "SUCCESS")
    time.sleep(1.1)
    assert ask(client, phone) == (201, "SUCCESS")


def test_codes_of_a_day_are_capped(make: Factory, restart: Restart) -> None:
    client, phone = Client(restart(sms_codes_per_day=3)), make.phone()
    assert [ask(client, phone)[0] for _ in range(4)] == [201, 201, 201, 429]
    answer = client.post("/auth/sms-codes", json={"phone": phone, "purpose": "password_reset"})
    assert failure(answer) == (429, "CODE_SENT_TOO_OFTEN_TODAY")
    assert 86000 <= int(answer.headers["Retry-After"]) <= 86400
    assert ask(client, make.phone()) == (201, "SUCCESS")


def test_beyond_the_days_cap_every_refusal_says_how_long_it_lasts(make: Factory, restart: Restart) -> None:
    """Not the pause of a minute, after which the next try would be refused as well."""
    client, phone = Client(restart(sms_codes_per_day=1, sms_code_interval=1)), make.phone()
    ask(client, phone)
    time.sleep(1.1)
    waits = [
        int(client.post("/auth/sms-codes", json={"phone": phone}).headers["Retry-After"]) > 80000 for _ in range(2)
    ]
    assert waits == [True, True]


def test_code_dies_when_its_time_is_over(make: Factory, restart: Restart) -> None:
    client, phone = Client(restart(sms_code_lifetime=1)), make.phone()
    code = data(client.post("/auth/sms-codes", json={"phone": phone}))["code"]
    time.sleep(1.1)
    answer = client.post("/auth/sms-login", json={"phone": phone, "code": code})
    assert failure(answer) == (401, "CODE_WRONG")


def test_new_code_replaces_the_one_before_and_its_tries(make: Factory, client: Client) -> None:
    phone = make.phone()
    first, second = [data(client.post("/auth/sms-codes", json={"phone": phone}))["code"] for _ in range(2)]
    if first != second:
        assert failure(client.post("/auth/sms-login", json={"phone": phone, "code": first})) == (401, "CODE_WRONG")
    assert client.post("/auth/sms-login", json={"phone": phone, "code": second}).status_code == 200


def test_codes_are_random(make: Factory, client: Client) -> None:
    codes = {data(client.post("/auth/sms-codes", json={"phone": make.phone()}))["code"] for _ in range(50)}
    assert len(codes) >= 48
    assert len({code[0] for code in codes}) >= 6


def test_known_and_unknown_phone_get_the_same_answer(make: Factory, client: Client) -> None:
    known, unknown = make.phone(), make.phone()
    make.user(known)
    for purpose in ("login", "password_reset"):
        answers = [client.post("/auth/sms-codes", json={"phone": p, "purpose": purpose}) for p in (known, unknown)]
        bodies = [{**data(answer), "code": None} for answer in answers]
        assert bodies[0] == bodies[1]
        assert answers[0].status_code == answers[1].status_code == 201


def test_answer_carries_no_code_when_the_sms_is_really_sent(make: Factory, app: Flask, client: Client) -> None:
    app.extensions["sms"] = provider = SendingSMS()
    phone = make.phone()
    assert data(client.post("/auth/sms-codes", json={"phone": phone}))["code"] is None
    [(receiver, code)] = provider.sent
    assert receiver == f"+86{phone}"
    assert client.post("/auth/sms-login", json={"phone": phone, "code": code}).status_code == 200


def test_failed_sms_is_503_and_does_not_make_one_wait(make: Factory, restart: Restart) -> None:
    client, phone = Client(restart(sms_code_interval=60)), make.phone()
    client.app.extensions["sms"] = SendingSMS(fails=True)
    answer = client.post("/auth/sms-codes", json={"phone": phone})
    assert failure(answer) == (503, "SMS_ERROR")
    assert int(answer.headers["Retry-After"]) >= 1
    client.app.extensions["sms"] = SendingSMS()
    assert ask(client, phone) == (201, "SUCCESS")


@pytest.mark.parametrize(
    "phone", ["", "abc", "110", "1380013800", "138001380000", "+1", "+999 1234567", "1" * 33, "13800138000\0", None, 1]
)
def test_what_is_no_phone_is_400(client: Client, phone: object) -> None:
    assert client.post("/auth/sms-codes", json={"phone": phone}).status_code == 400


@pytest.mark.parametrize("code", ["", "12345", "1234567", "12345a", "１２３４５６", " 12345", "123456\n", 123456, None])
def test_what_is_no_code_is_400_and_costs_no_try(make: Factory, client: Client, code: object) -> None:
    phone = make.phone()
    right = data(client.post("/auth/sms-codes", json={"phone": phone}))["code"]
    for _ in range(6):
        assert client.post("/auth/sms-login", json={"phone": phone, "code": code}).status_code == 400
    assert client.post("/auth/sms-login", json={"phone": phone, "code": right}).status_code == 200


def test_unknown_purpose_is_400(make: Factory, client: Client) -> None:
    assert ask(client, make.phone(), "payment") == (400, "INVALID_FIELD")
