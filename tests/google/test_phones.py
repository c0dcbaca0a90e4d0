"""Setting a phone, and changing it: by a code that was sent to the new one, and proof that the account is mine."""

import pytest

from tests.clients import Client, data, failure
from tests.factories import Factory, at_once
from tests.google.test_logins import newcomer, unlink
from tests.services.google_issuer import GoogleIssuer

PASSWORD = "correct horse"


def code_for(client: Client, phone: str, purpose: str = "phone") -> str:
    return str(data(client.post("/auth/sms-codes", json={"phone": phone, "purpose": purpose}))["code"])


def put(me: Client, phone: str, code: str, **proof: str) -> tuple[int, str]:
    return failure(me.put("/auth/phone", json={"phone": phone, "code": code}, headers=me.prove(**proof)))


def test_phone_that_was_set_logs_in_and_google_may_go(client: Client, issuer: GoogleIssuer, make: Factory) -> None:
    me, phone = newcomer(client, issuer), make.phone()
    assert put(me, phone, code_for(client, phone), id_token=issuer.id_token("1")) == (200, "SUCCESS")
    assert data(me.get("/users/me"))["phone"] == f"+86{phone}"
    assert client.log_in(phone).user_id == me.user_id
    assert unlink(me) == (200, "SUCCESS")


@pytest.mark.parametrize("purpose", ["login", "password_reset", "proof"])
def test_code_for_something_else_sets_no_phone(
    client: Client, issuer: GoogleIssuer, make: Factory, purpose: str
) -> None:
    me, phone = newcomer(client, issuer), make.phone()
    code = code_for(client, phone, purpose)
    assert put(me, phone, code, id_token=issuer.id_token("1")) == (401, "CODE_WRONG")
    assert data(me.get("/users/me"))["phone"] is None


@pytest.mark.parametrize("purpose", ["phone", "proof"])
def test_code_for_something_else_does_not_log_in(client: Client, make: Factory, purpose: str) -> None:
    phone = make.phone()
    login = {"phone": phone, "code": code_for(client, phone, purpose)}
    assert failure(client.post("/auth/sms-login", json=login)) == (401, "CODE_WRONG")


def test_phone_with_an_account_is_not_taken_from_it(client: Client, issuer: GoogleIssuer, make: Factory) -> None:
    me, phone = newcomer(client, issuer), make.phone()
    theirs = make.user(phone)
    assert put(me, phone, code_for(client, phone), id_token=issuer.id_token("1")) == (409, "PHONE_TAKEN")
    assert client.log_in(phone).user_id == theirs.user_id


@pytest.mark.parametrize("password", [None, PASSWORD])
def test_changed_phone_logs_in_and_the_one_before_no_more(client: Client, make: Factory, password: str | None) -> None:
    before, after = make.phone(), make.phone()
    me = make.user(before, **({"password": password} if password else {}))
    proof = {"password": password} if password else {}
    assert put(me, after, code_for(client, after), **proof) == (200, "SUCCESS")
    assert data(me.get("/users/me"))["phone"] == f"+86{after}"
    assert client.log_in(after).user_id == me.user_id
    assert client.log_in(before).user_id != me.user_id


def test_change_of_the_phone_ends_the_other_sessions(client: Client, make: Factory) -> None:
    before, after = make.phone(), make.phone()
    me, elsewhere = make.user(before), client.log_in(before)
    assert put(me, after, code_for(client, after)) == (200, "SUCCESS")
    assert me.get("/users/me").status_code == 200
    assert failure(elsewhere.get("/users/me")) == (401, "TOKEN_INVALID")
    assert [session["current"] for session in data(me.get("/auth/sessions"))["items"]] == [True]


def test_phone_that_stays_ends_no_session(client: Client, make: Factory) -> None:
    phone = make.phone()
    me, elsewhere = make.user(phone), client.log_in(phone)
    assert put(me, phone, code_for(client, phone)) == (200, "SUCCESS")
    assert elsewhere.get("/users/me").status_code == 200


def test_nobody_learns_whether_a_phone_has_an_account_who_does_not_hold_it(client: Client, make: Factory) -> None:
    known, unknown = make.phone(), make.phone()
    me, theirs = make.user(), make.user(known)
    proof = me.prove()
    refused = [
        failure(me.put("/auth/phone", json={"phone": phone, "code": "000000"}, headers=proof))
        for phone in (known, unknown)
    ]
    assert refused == [(401, "CODE_WRONG")] * 2
    assert put(me, known, code_for(client, known)) == (409, "PHONE_TAKEN")
    assert client.log_in(known).user_id == theirs.user_id


def test_of_accounts_that_set_one_phone_at_once_one_gets_it(
    client: Client, issuer: GoogleIssuer, make: Factory
) -> None:
    phone = make.phone()
    users = [newcomer(client, issuer, str(number)) for number in range(6)]
    proofs = [user.prove(id_token=issuer.id_token(str(number))) for number, user in enumerate(users)]
    told = {"phone": phone, "code": code_for(client, phone)}
    jobs = [
        lambda user=user, proof=proof: failure(user.put("/auth/phone", json=told, headers=proof))
        for user, proof in zip(users, proofs, strict=True)
    ]
    assert sorted(at_once(jobs)) == [(200, "SUCCESS")] + [(401, "CODE_WRONG")] * 5
