"""An account that Google made gets a phone: by a code that was sent to it."""

import pytest

from tests.clients import Client, data, failure
from tests.factories import Factory, at_once
from tests.google.test_logins import newcomer
from tests.services.google_issuer import GoogleIssuer


def code_for(client: Client, phone: str, purpose: str = "phone") -> str:
    return str(data(client.post("/auth/sms-codes", json={"phone": phone, "purpose": purpose}))["code"])


def put(me: Client, phone: str, code: str) -> tuple[int, str]:
    return failure(me.put("/auth/phone", json={"phone": phone, "code": code}))


def test_phone_that_was_set_logs_in_and_google_may_go(client: Client, issuer: GoogleIssuer, make: Factory) -> None:
    me, phone = newcomer(client, issuer), make.phone()
    assert put(me, phone, code_for(client, phone)) == (200, "SUCCESS")
    assert data(me.get("/users/me"))["phone"] == f"+86{phone}"
    assert client.log_in(phone).user_id == me.user_id
    assert me.delete("/auth/google").status_code == 200


@pytest.mark.parametrize("purpose", ["login", "password_reset"])
def test_code_for_something_else_sets_no_phone(
    client: Client, issuer: GoogleIssuer, make: Factory, purpose: str
) -> None:
    me, phone = newcomer(client, issuer), make.phone()
    assert put(me, phone, code_for(client, phone, purpose)) == (401, "CODE_WRONG")
    assert data(me.get("/users/me"))["phone"] is None


def test_code_for_a_phone_does_not_log_in(client: Client, make: Factory) -> None:
    phone = make.phone()
    login = {"phone": phone, "code": code_for(client, phone)}
    assert failure(client.post("/auth/sms-login", json=login)) == (401, "CODE_WRONG")


def test_phone_with_an_account_is_not_taken_from_it(client: Client, issuer: GoogleIssuer, make: Factory) -> None:
    me, phone = newcomer(client, issuer), make.phone()
    theirs = make.user(phone)
    assert put(me, phone, code_for(client, phone)) == (409, "PHONE_TAKEN")
    assert client.log_in(phone).user_id == theirs.user_id


def test_account_with_a_phone_keeps_it(client: Client, make: Factory) -> None:
    mine, other = make.phone(), make.phone()
    me = make.user(mine)
    assert put(me, other, code_for(client, other)) == (409, "PHONE_SET_ALREADY")
    assert data(me.get("/users/me"))["phone"] == f"+86{mine}"


def test_of_accounts_that_set_one_phone_at_once_one_gets_it(
    client: Client, issuer: GoogleIssuer, make: Factory
) -> None:
    phone = make.phone()
    users = [newcomer(client, issuer, str(number)) for number in range(6)]
    code = code_for(client, phone)
    answers = at_once([lambda user=user: put(user, phone, code) for user in users])
    assert sorted(answers) == [(200, "SUCCESS")] + [(401, "CODE_WRONG")] * 5
