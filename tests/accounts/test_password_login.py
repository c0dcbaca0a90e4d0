"""Logging in by password, in JSON and as HTTP Basic."""

import base64
from collections.abc import Callable

import pytest

from tests.clients import Client, data, failure
from tests.factories import Factory

RIGHT, WRONG = "correct horse", "wrong horse"


def log_in(client: Client, phone: str, password: str) -> tuple[int, str]:
    return failure(client.post("/auth/password-login", json={"phone": phone, "password": password}))


def test_right_password_gives_a_token_of_the_account(make: Factory, client: Client) -> None:
    phone = make.phone()
    user_id = make.user(phone, password=RIGHT).user_id
    login = data(client.post("/auth/password-login", json={"phone": f"+86 {phone}", "password": RIGHT}))
    assert login["user_id"] == user_id
    assert login["registered"] is False
    assert login["expires_in"] == 30 * 86400
    assert data(Client(client.app, login["token"]).get("/users/me"))["id"] == user_id


def test_wrong_password_no_password_and_unknown_phone_answer_the_same(make: Factory, client: Client) -> None:
    known, without, unknown = make.phone(), make.phone(), make.phone()
    make.user(known, password=RIGHT)
    make.user(without)
    answers = []
    for phone, password in ((known, WRONG), (without, RIGHT), (unknown, RIGHT)):
        answer = client.post("/auth/password-login", json={"phone": phone, "password": password})
        body = {**answer.get_json(), "request_id": None}
        answers.append((answer.status_code, body, sorted(answer.headers.keys())))
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][1]["status"] == "CREDENTIALS_WRONG"


def test_password_login_does_not_register(make: Factory, client: Client) -> None:
    phone = make.phone()
    log_in(client, phone, RIGHT)
    assert data(make.admin().get("/admin/users", query_string={"phone": phone}))["items"] == []


@pytest.mark.parametrize("known", [True, False], ids=["known phone", "unknown phone"])
def test_eleventh_failure_is_429_even_with_the_right_password(make: Factory, client: Client, known: bool) -> None:
    phone = make.phone()
    if known:
        make.user(phone, password=RIGHT)
    for _ in range(10):
        assert log_in(client, phone, WRONG) == (401, "CREDENTIALS_WRONG")
    for spelling in (phone, f"+86{phone}"):
        answer = client.post("/auth/password-login", json={"phone": spelling, "password": RIGHT})
        assert failure(answer) == (429, "TOO_MANY_FAILURES")
        assert 0 < int(answer.headers["Retry-After"]) <= 900


def test_locked_out_owner_comes_in_by_sms_and_by_a_reset(
    make: Factory, client: Client, send_code: Callable[..., str]
) -> None:
    phone = make.phone()
    make.user(phone, password=RIGHT)
    for _ in range(11):
        log_in(client, phone, WRONG)
    assert client.log_in(phone).get("/users/me").status_code == 200
    code = send_code(phone, "password_reset")
    client.post("/auth/password-reset", json={"phone": phone, "code": code, "new_password": "battery staple"})
    assert log_in(client, phone, "battery staple") == (200, "SUCCESS")


def test_right_password_forgets_the_failures_before(make: Factory, client: Client) -> None:
    phone = make.phone()
    make.user(phone, password=RIGHT)
    for _ in range(2):
        for _ in range(9):
            log_in(client, phone, WRONG)
        assert log_in(client, phone, RIGHT) == (200, "SUCCESS")


def test_one_phones_failures_do_not_lock_another(make: Factory, client: Client) -> None:
    guessed, bystander = make.phone(), make.phone()
    make.user(bystander, password=RIGHT)
    for _ in range(11):
        log_in(client, guessed, WRONG)
    assert log_in(client, bystander, RIGHT) == (200, "SUCCESS")


def test_basic_exchanges_phone_and_password_for_a_token(make: Factory, client: Client) -> None:
    phone, password = make.phone(), "colons: and 中文"
    make.user(phone, password=password)
    login = data(client.post("/auth/basic-login", headers={"Authorization": basic(f"{phone}:{password}")}))
    assert Client(client.app, login["token"]).get("/users/me").status_code == 200


def test_basic_counts_failures_together_with_json(make: Factory, client: Client) -> None:
    phone = make.phone()
    make.user(phone, password=RIGHT)
    headers = {"Authorization": basic(f"{phone}:{WRONG}")}
    for _ in range(5):
        assert failure(client.post("/auth/basic-login", headers=headers)) == (401, "CREDENTIALS_WRONG")
        log_in(client, phone, WRONG)
    assert failure(client.post("/auth/basic-login", headers=headers)) == (429, "TOO_MANY_FAILURES")


MALFORMED = {
    "none": {},
    "empty": {"Authorization": ""},
    "no credentials": {"Authorization": "Basic"},
    "not base64": {"Authorization": "Basic !!!"},
    "not UTF-8": {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode()},
    "no colon": {"Authorization": "Basic " + base64.b64encode(b"13800138000").decode()},
    "bearer": {"Authorization": "Bearer 1.abc"},
    "digest": {"Authorization": 'Digest username="13800138000"'},
}


@pytest.mark.parametrize("headers", MALFORMED.values(), ids=MALFORMED.keys())
def test_basic_without_credentials_is_401(client: Client, headers: dict[str, str]) -> None:
    assert failure(client.post("/auth/basic-login", headers=headers)) == (401, "BASIC_MISSING")


@pytest.mark.parametrize("pair", ["abc:password", f"{'1' * 500}:password"])
def test_basic_of_what_is_no_phone_is_400(client: Client, pair: str) -> None:
    assert failure(client.post("/auth/basic-login", headers={"Authorization": basic(pair)})) == (400, "INVALID_FIELD")


def test_basic_takes_odd_passwords_without_a_crash(make: Factory, client: Client) -> None:
    for password in ("\0" * 8, "x" * 5000):
        answer = client.post("/auth/basic-login", headers={"Authorization": basic(f"{make.phone()}:{password}")})
        assert failure(answer) == (401, "CREDENTIALS_WRONG")


def basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()
