"""What changes how one logs in takes more than a token: whoever has stolen one gets no account by it."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from flask_api.accounts.models import SocialLogin
from flask_api.core import proofs
from flask_api.users.models import UserAuth
from tests.clients import Client, data, failure
from tests.factories import Factory
from tests.google.conftest import issuer, settings
from tests.google.test_logins import newcomer
from tests.google.test_phones import code_for
from tests.security.operations import Operation, each
from tests.services.google_issuer import GoogleIssuer

__all__ = ["issuer", "settings"]  # fixtures here too

PASSWORD, OTHER = "correct horse", "battery staple"
NEEDED, WRONG = (403, "PROOF_NEEDED"), (403, "PROOF_WRONG")

Account = Callable[[Client, GoogleIssuer, Factory], Client]
ACCOUNTS: dict[str, Account] = {
    "password": lambda _client, _issuer, make: make.user(password=PASSWORD),
    "code": lambda _client, _issuer, make: make.user(),
    "id_token": lambda client, issuer, _make: newcomer(client, issuer),
}
each_account = pytest.mark.parametrize("means", ACCOUNTS)


@pytest.fixture
def me(means: str, client: Client, issuer: GoogleIssuer, make: Factory) -> Client:
    return ACCOUNTS[means](client, issuer, make)


def right(me: Client, means: str, issuer: GoogleIssuer) -> dict[str, str]:
    """Return what proves that the account is mine."""
    if means == "password":
        return {"password": PASSWORD}
    phone = data(me.get("/auth/account"))["phone"]
    return {"code": code_for(me, phone, "proof")} if means == "code" else {"id_token": issuer.id_token("1")}


def prove(me: Client, **told: str) -> tuple[int, str]:
    return failure(me.post("/auth/proofs", json=told))


def rows(make: Factory) -> list[Any]:
    return [tuple(row) for table in (UserAuth, SocialLogin) for row in make.execute(select(table.__table__))]


def set_password(me: Client, proof: dict[str, str], password: str = OTHER) -> tuple[int, str]:
    return failure(me.put("/auth/password", json={"new_password": password}, headers=proof))


@each_account
@each("needs_proof")
def test_token_alone_changes_nothing_and_is_told_what_proves(
    me: Client, means: str, make: Factory, operation: Operation
) -> None:
    before = rows(make)
    for header in ({}, {"Proof": ""}, {"Proof": f"{int(time.time()) + 60}.{'0' * 64}"}, {"Proof": "9" * 5000}):
        answer = operation.ask(me, headers=header)
        assert failure(answer) == NEEDED
        body = answer.get_json()
        assert (body["field"], [error["field"] for error in body["errors"]]) == (means, [means])
    assert rows(make) == before


@each_account
def test_proof_by_what_the_account_has_lets_its_owner_change_things(
    me: Client, means: str, issuer: GoogleIssuer
) -> None:
    assert data(me.get("/auth/account"))["proof_by"] == means
    proof = data(me.post("/auth/proofs", json=right(me, means, issuer)))
    assert proof["expires_in"] == 600
    assert set_password(me, {"Proof": proof["proof"]}) == (200, "SUCCESS")
    assert data(me.get("/auth/account"))["proof_by"] == "password"


def test_login_by_what_the_account_is_proven_by_proves_it(client: Client, issuer: GoogleIssuer, make: Factory) -> None:
    phone = make.phone()
    newcomer_at_google = data(client.post("/auth/google", json={"id_token": issuer.id_token("1")}))
    by_google = Client(client.app, newcomer_at_google["token"], newcomer_at_google["user_id"])
    assert set_password(by_google, {"Proof": newcomer_at_google["proof"]}) == (200, "SUCCESS")

    by_code = data(client.post("/auth/sms-login", json={"phone": phone, "code": code_for(client, phone, "login")}))
    me = Client(client.app, by_code["token"], by_code["user_id"])
    assert set_password(me, {"Proof": by_code["proof"]}, PASSWORD) == (200, "SUCCESS")
    by_password = data(client.post("/auth/password-login", json={"phone": phone, "password": PASSWORD}))
    me = Client(client.app, by_password["token"], by_password["user_id"])
    assert set_password(me, {"Proof": by_password["proof"]}) == (200, "SUCCESS")


def test_login_by_less_than_what_the_account_is_proven_by_gives_no_proof(client: Client, make: Factory) -> None:
    phone = make.phone()
    make.user(phone, password=PASSWORD)
    by_code = data(client.post("/auth/sms-login", json={"phone": phone, "code": code_for(client, phone, "login")}))
    assert by_code["proof"] is None


@each_account
def test_what_is_wrong_or_not_what_the_account_has_proves_nothing(me: Client, means: str, issuer: GoogleIssuer) -> None:
    told = {"password": OTHER, "code": "000000", "id_token": issuer.id_token("2")}
    for name, value in told.items():
        assert prove(me, **{name: value}) == (WRONG if name == means else NEEDED)
    assert prove(me) == prove(me, **told) == (400, "INVALID_FIELD")


@each_account
def test_proof_is_good_for_its_login_only(me: Client, means: str, issuer: GoogleIssuer, make: Factory) -> None:
    proof = me.prove(**right(me, means, issuer))
    stranger = make.user()
    assert set_password(stranger, proof) == NEEDED
    if means == "id_token":
        elsewhere = newcomer(me, issuer)
    else:
        elsewhere = Client(me.app).log_in(data(me.get("/auth/account"))["phone"])
    assert elsewhere.user_id == me.user_id
    assert set_password(elsewhere, proof) == NEEDED
    assert set_password(me, proof) == (200, "SUCCESS")


def test_proof_ends_after_ten_minutes_and_cannot_be_prolonged(make: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    me = make.user()
    proof = me.prove()
    until, _, signature = proof["Proof"].partition(".")
    assert set_password(me, {"Proof": f"{int(until) + 1}.{signature}"}) == NEEDED
    began = time.time()
    monkeypatch.setattr(proofs.time, "time", lambda: began + 601)
    assert set_password(me, proof) == NEEDED


def test_proof_ends_with_the_password_or_the_phone_that_it_was_for(client: Client, make: Factory) -> None:
    me, phone = make.user(password=PASSWORD), make.phone()
    proof = me.prove(password=PASSWORD)
    assert set_password(me, proof) == (200, "SUCCESS")
    assert set_password(me, proof, PASSWORD) == NEEDED
    proof = me.prove(password=OTHER)
    change = {"phone": phone, "code": code_for(client, phone)}
    assert failure(me.put("/auth/phone", json=change, headers=proof)) == (200, "SUCCESS")
    assert set_password(me, proof, PASSWORD) == NEEDED


def test_code_proves_once_and_for_the_account_of_its_phone_only(client: Client, make: Factory) -> None:
    thiefs = make.phone()
    me, thief = make.user(), make.user(thiefs)
    code = code_for(client, thiefs, "proof")
    assert prove(me, code=code) == WRONG
    assert prove(thief, code=code) == (200, "SUCCESS")
    assert prove(thief, code=code) == WRONG


@pytest.mark.parametrize("purpose", ["login", "phone", "password_reset"])
def test_code_for_something_else_proves_nothing(client: Client, make: Factory, purpose: str) -> None:
    phone = make.phone()
    me = make.user(phone)
    assert prove(me, code=code_for(client, phone, purpose)) == WRONG


def test_id_token_of_an_earlier_login_proves_nothing(client: Client, issuer: GoogleIssuer) -> None:
    me = newcomer(client, issuer)
    old = issuer.id_token("1", iat=int(time.time()) - 700)
    assert data(client.post("/auth/google", json={"id_token": old}))["proof"] is None
    assert prove(me, id_token=old) == WRONG
    assert prove(me, id_token=issuer.id_token("1", aud="another")) == WRONG
    assert prove(me, id_token=issuer.id_token("1")) == (200, "SUCCESS")


def test_where_no_sms_is_sent_google_proves(client: Client, issuer: GoogleIssuer, make: Factory) -> None:
    me, phone = newcomer(client, issuer), make.phone()
    change = {"phone": phone, "code": code_for(client, phone)}
    assert failure(me.put("/auth/phone", json=change, headers=me.prove(id_token=issuer.id_token("1"))))[0] == 200
    assert data(me.get("/auth/account"))["proof_by"] == "code"
    kept = client.app.extensions["settings"]
    client.app.extensions["settings"] = kept.model_copy(update={"sms_provider": "none"})
    try:
        assert data(me.get("/auth/account"))["proof_by"] == "id_token"
        assert set_password(me, me.prove(id_token=issuer.id_token("1"))) == (200, "SUCCESS")
    finally:
        client.app.extensions["settings"] = kept


def test_account_tells_its_owner_how_they_log_in(client: Client, issuer: GoogleIssuer, make: Factory) -> None:
    phone = make.phone()
    me = make.user(phone, password=PASSWORD)
    told = {"phone": f"+86{phone}", "email": None, "has_password": True, "has_google": False, "proof_by": "password"}
    assert data(me.get("/auth/account")) == told
    link = {"id_token": issuer.id_token("1")}
    assert me.put("/auth/google", json=link, headers=me.prove(password=PASSWORD)).status_code == 200
    assert data(me.get("/auth/account")) == {**told, "has_google": True}
    assert failure(client.get("/auth/account")) == (401, "TOKEN_MISSING")
