"""Registering and logging in by SMS code."""

from tests.clients import Client, data, failure
from tests.factories import Factory

PHONE = "13800138000"


def test_new_phone_is_registered_and_logged_in(client: Client) -> None:
    me = client.log_in(PHONE)
    profile = data(me.get("/users/me"))
    assert profile["phone"] == "+8613800138000"
    assert profile["role"] == "user"


def test_known_phone_logs_in_to_the_same_account(client: Client) -> None:
    assert client.log_in(PHONE).user_id == client.log_in("+86 138 0013 8000").user_id


def test_code_is_used_once(client: Client) -> None:
    code = data(client.post("/auth/sms-codes", json={"phone": PHONE}))["code"]
    assert client.post("/auth/sms-login", json={"phone": PHONE, "code": code}).status_code == 200
    assert failure(client.post("/auth/sms-login", json={"phone": PHONE, "code": code})) == (401, "CODE_WRONG")


def test_sixth_try_fails_even_with_the_right_code(client: Client) -> None:
    code = data(client.post("/auth/sms-codes", json={"phone": PHONE}))["code"]
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for _ in range(5):
        assert failure(client.post("/auth/sms-login", json={"phone": PHONE, "code": wrong})) == (401, "CODE_WRONG")
    assert failure(client.post("/auth/sms-login", json={"phone": PHONE, "code": code})) == (401, "CODE_WRONG")


def test_login_without_code_is_refused(client: Client, make: Factory) -> None:
    make.user(PHONE)
    answer = client.post("/auth/sms-login", json={"phone": PHONE})
    assert failure(answer) == (400, "INVALID_FIELD")
    assert answer.get_json()["errors"] == [{"field": "code", "message": "is missing"}]
