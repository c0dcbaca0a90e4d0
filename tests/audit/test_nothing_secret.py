"""What the audit must not hold, and must not give away."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event, update

from flask_api.accounts.leaving import erase_expired
from flask_api.audit.services import record
from flask_api.core.database import now
from flask_api.extensions import db
from flask_api.users.models import UserAuth
from tests.audit.conftest import Entries
from tests.audit.world import code_for, wrong
from tests.clients import Client, data
from tests.factories import Factory

PASSWORD, OTHER, BAD = "canary horse one", "canary horse two", "canary horse bad"


def test_no_secret_and_no_phone_gets_into_an_entry(make: Factory, client: Client, new_entries: Entries) -> None:
    phone, admin = make.phone(), make.admin()
    me = make.user(phone, password=PASSWORD)
    codes = [code_for(client, phone), code_for(client, phone, "password_reset")]
    client.post("/auth/sms-login", json={"phone": phone, "code": wrong(codes[0])})
    token = data(client.post("/auth/sms-login", json={"phone": phone, "code": codes[0]}))["token"]
    client.post("/auth/password-login", json={"phone": phone, "password": BAD})
    me.post("/auth/proofs", json={"password": BAD})
    proof = me.prove(password=PASSWORD)
    me.put("/auth/password", json={"new_password": OTHER}, headers=proof)
    client.post("/auth/password-reset", json={"phone": phone, "code": codes[1], "new_password": BAD})
    issued = data(admin.post("/admin/app-keys", json={"name": f"Call {phone}"}))
    rotated = data(admin.post(f"/admin/app-keys/{issued['app_key']['id']}/secrets", json={}))
    admin.post("/admin/users", json={"phone": make.phone(), "password": PASSWORD})
    entries = new_entries()
    assert len(entries) >= 10
    text = "\n".join(repr(tuple(entry)) for entry in entries)
    tokens = [token.partition(".")[2], (me.token or "").partition(".")[2]]
    for secret in (
        PASSWORD,
        OTHER,
        BAD,
        "canary",
        "argon2",
        issued["secret"],
        rotated["secret"],
        phone,
        *tokens,
        *proof.values(),
    ):
        assert secret not in text
    for code in [*codes, wrong(codes[0])]:
        assert not re.search(rf"(?<![0-9a-f]){code}(?![0-9a-f])", text)


def test_details_that_are_not_foreseen_are_refused(app: Flask, new_entries: Entries) -> None:
    with app.app_context(), pytest.raises(TypeError, match="nickname"):
        record("login", user_id=1, nickname="Lin")  # type: ignore[call-arg]
    assert new_entries() == []


def test_entries_outlive_their_account_and_tell_no_more_than_its_id(
    make: Factory, app: Flask, new_entries: Entries
) -> None:
    phone = make.phone()
    me = make.user(phone, nickname="Lin", password=PASSWORD)
    me.delete("/auth/account")
    before = new_entries()
    make.execute(update(UserAuth).where(UserAuth.id == me.user_id).values(delete_after=now() - timedelta(seconds=1)))
    with app.app_context():
        assert erase_expired() == 1
    [erased] = new_entries()
    assert (erased.action, erased.subject_id) == ("account_erased", me.user_id)
    kept = data(make.admin().get("/admin/audit", query_string={"user_id": me.user_id}))["items"]
    assert [entry["id"] for entry in kept] == [erased.id, *(entry.id for entry in before[::-1])]
    assert phone not in repr(kept)
    assert "Lin" not in repr(kept)


def test_export_has_what_i_did_with_my_account_and_nothing_of_others(make: Factory, client: Client) -> None:
    phone, other, admin = make.phone(), make.user(), make.admin()
    me = make.user(phone)
    client.post("/auth/password-login", json={"phone": phone, "password": BAD}, environ_base={"REMOTE_ADDR": "6.6.6.6"})
    here = {"REMOTE_ADDR": "203.0.113.7"}
    me.put("/auth/password", json={"new_password": PASSWORD}, headers=me.prove(), environ_base=here)
    admin.patch(f"/admin/users/{me.user_id}", json={"role": "admin"}, environ_base={"REMOTE_ADDR": "9.9.9.9"})
    me.put(f"/admin/users/{other.user_id}/ban")
    mine = data(me.get("/auth/account/export"))["data"]["audit"]
    assert [(entry["action"], entry["address"]) for entry in mine] == [
        ("login", "127.0.0.1"),
        ("password_set", "203.0.113.7"),
    ]
    assert mine[0].keys() == {"at", "action", "address", "details"}
    assert mine[0]["at"].endswith("Z")


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """All SQL that is sent."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("way", ["password-login", "sms-login", "password-reset"])
def test_refusal_asks_the_database_the_same_whether_somebody_has_the_phone_or_not(
    way: str, make: Factory, client: Client, statements: list[str]
) -> None:
    """So recording it does not tell who is registered."""
    known, unknown = make.phone(), make.phone()
    make.user(known, password=PASSWORD)
    body = {
        "password-login": {"password": BAD},
        "sms-login": {"code": "000000"},
        "password-reset": {"code": "000000", "new_password": OTHER},
    }[way]
    asked = []
    for phone in (known, unknown):
        statements.clear()
        assert client.post(f"/auth/{way}", json={"phone": phone, **body}).status_code == 401
        asked.append([*statements])
    assert asked[0] == asked[1]
    assert sum("INSERT INTO audit_entry" in statement for statement in asked[0]) == 1
