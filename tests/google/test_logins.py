"""Logging in by Google: who is new is registered, and an account belongs to a subject, never to an address."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from flask_api.accounts.models import SocialLogin
from flask_api.audit.models import AuditEntry
from flask_api.core.database import now
from flask_api.users.models import UserAuth, UserInfo
from tests.clients import Client, data, failure
from tests.factories import Factory, at_once
from tests.services.google_issuer import GoogleIssuer


def log_in(client: Client, issuer: GoogleIssuer, subject: str = "1", **changes: Any) -> dict[str, Any]:
    login: dict[str, Any] = data(client.post("/auth/google", json={"id_token": issuer.id_token(subject, **changes)}))
    return login


def newcomer(client: Client, issuer: GoogleIssuer, subject: str = "1") -> Client:
    """Somebody who has come by Google, logged in."""
    login = log_in(client, issuer, subject)
    return Client(client.app, login["token"], login["user_id"])


def link(me: Client, id_token: str, **proof: str) -> tuple[int, str]:
    return failure(me.put("/auth/google", json={"id_token": id_token}, headers=me.prove(**proof)))


def unlink(me: Client, **proof: str) -> tuple[int, str]:
    return failure(me.delete("/auth/google", headers=me.prove(**proof)))


def count(make: Factory, table: type) -> int:
    return int(make.execute(select(func.count()).select_from(table))[0][0])


def entries(make: Factory, *actions: str) -> list[tuple[str, int | None, dict[str, Any]]]:
    query = select(AuditEntry.action, AuditEntry.subject_id, AuditEntry.details).order_by(AuditEntry.id)
    return [tuple(row) for row in make.execute(query.where(AuditEntry.action.in_(actions)))]  # type: ignore[misc]


def test_newcomer_has_an_account_without_a_phone_and_comes_back_to_it(client: Client, issuer: GoogleIssuer) -> None:
    first = log_in(client, issuer)
    assert (first["registered"], first["restored"], first["expires_in"]) == (True, False, 30 * 86400)
    me = data(Client(client.app, first["token"]).get("/users/me"))
    assert (me["id"], me["phone"], me["has_password"]) == (first["user_id"], None, False)
    assert me["nickname"] == f"Newcomer {me['id']}", "their name is theirs to tell"
    again = log_in(client, issuer)
    assert (again["registered"], again["user_id"]) == (False, first["user_id"])


def test_account_belongs_to_the_subject_whatever_its_address(
    client: Client, issuer: GoogleIssuer, make: Factory
) -> None:
    first = log_in(client, issuer, "1", email="lin@example.com")
    renamed = log_in(client, issuer, "1", email="wei@example.com")
    heir = log_in(client, issuer, "2", email="lin@example.com")
    assert first["user_id"] == renamed["user_id"] != heir["user_id"]
    assert [row.email for row in make.execute(select(SocialLogin.email).order_by(SocialLogin.id))] == [
        "wei@example.com",
        "lin@example.com",
    ]


def test_subjects_are_compared_to_the_letter(client: Client, issuer: GoogleIssuer) -> None:
    assert len({log_in(client, issuer, subject)["user_id"] for subject in ("a1", "A1")}) == 2


def test_fifty_first_logins_at_once_make_one_account(client: Client, issuer: GoogleIssuer, make: Factory) -> None:
    token = {"id_token": issuer.id_token()}
    logins = [data(answer) for answer in at_once([lambda: client.post("/auth/google", json=token)] * 50)]
    assert len({login["user_id"] for login in logins}) == 1
    assert [login["registered"] for login in logins].count(True) == 1
    assert [count(make, table) for table in (UserAuth, UserInfo, SocialLogin)] == [1, 1, 1]


def test_banned_account_is_refused(client: Client, issuer: GoogleIssuer, make: Factory) -> None:
    user_id = log_in(client, issuer)["user_id"]
    make.admin().put(f"/admin/users/{user_id}/ban")
    answer = client.post("/auth/google", json={"id_token": issuer.id_token("1")})
    assert failure(answer) == (403, "ACCOUNT_BANNED")
    assert entries(make, "login_failed") == [
        ("login_failed", user_id, {"way": "google", "reason": "ACCOUNT_BANNED"}),
    ]


def test_login_takes_back_a_deletion_and_after_the_grace_period_begins_anew(
    client: Client, issuer: GoogleIssuer, make: Factory
) -> None:
    me = newcomer(client, issuer)
    assert me.delete("/auth/account").status_code == 200
    assert log_in(client, issuer)["restored"]
    assert newcomer(client, issuer).delete("/auth/account").status_code == 200
    make.execute(update(UserAuth).values(delete_after=now() - timedelta(seconds=1)))
    anew = log_in(client, issuer)
    assert (anew["registered"], anew["user_id"] != me.user_id) == (True, True)
    assert [count(make, table) for table in (UserAuth, SocialLogin)] == [1, 1]


def test_link_gives_an_account_with_a_phone_a_second_way_in(
    client: Client, issuer: GoogleIssuer, make: Factory
) -> None:
    me = make.user()
    for _ in range(2):  # twice does no harm
        assert link(me, issuer.id_token("1")) == (200, "SUCCESS")
    login = log_in(client, issuer, "1")
    assert (login["user_id"], login["registered"]) == (me.user_id, False)


def test_link_is_not_replaced_but_by_unlinking_first(client: Client, issuer: GoogleIssuer, make: Factory) -> None:
    me = make.user()
    tokens = [issuer.id_token(subject) for subject in ("1", "2")]
    assert link(me, tokens[0]) == (200, "SUCCESS")
    assert link(me, tokens[1]) == (409, "GOOGLE_LINKED_ALREADY")
    assert log_in(client, issuer, "1")["user_id"] == me.user_id
    assert unlink(me) == (200, "SUCCESS")
    assert link(me, tokens[1]) == (200, "SUCCESS")
    assert log_in(client, issuer, "2")["user_id"] == me.user_id


def test_token_alone_links_nothing_to_an_account_with_a_password(
    client: Client, issuer: GoogleIssuer, make: Factory
) -> None:
    me = make.user(password="correct horse")
    told = {"id_token": issuer.id_token("1")}
    assert failure(me.put("/auth/google", json=told)) == (403, "PROOF_NEEDED")
    assert link(me, told["id_token"], password="correct horse") == (200, "SUCCESS")
    assert log_in(client, issuer, "1")["user_id"] == me.user_id


def test_login_never_links_by_address(client: Client, issuer: GoogleIssuer, make: Factory) -> None:
    me = make.user()
    link(me, issuer.id_token("1", email="lin@example.com"))
    assert log_in(client, issuer, "2", email="lin@example.com")["user_id"] != me.user_id


def test_google_account_of_somebody_else_cannot_be_linked(client: Client, issuer: GoogleIssuer, make: Factory) -> None:
    theirs, me = newcomer(client, issuer, "1"), make.user()
    assert link(me, issuer.id_token("1")) == (409, "GOOGLE_TAKEN")
    assert log_in(client, issuer, "1")["user_id"] == theirs.user_id
    assert unlink(me) == (404, "GOOGLE_NOT_LINKED")


def test_of_accounts_that_link_at_once_one_gets_it(issuer: GoogleIssuer, make: Factory) -> None:
    users = [make.user() for _ in range(8)]
    token = issuer.id_token("1")
    answers = at_once([lambda user=user: link(user, token) for user in users])
    assert sorted(answers) == [(200, "SUCCESS")] + [(409, "GOOGLE_TAKEN")] * 7


def test_link_needs_a_login_and_a_token_of_googles(client: Client, issuer: GoogleIssuer, make: Factory) -> None:
    assert failure(client.put("/auth/google", json={"id_token": issuer.id_token()})) == (401, "TOKEN_MISSING")
    assert failure(client.delete("/auth/google")) == (401, "TOKEN_MISSING")
    assert link(make.user(), issuer.id_token(aud="x")) == (401, "ID_TOKEN_INVALID")
    assert count(make, SocialLogin) == 0


def test_unlinked_google_account_is_a_newcomer(client: Client, issuer: GoogleIssuer, make: Factory) -> None:
    me = make.user()
    link(me, issuer.id_token("1"))
    assert unlink(me) == (200, "SUCCESS")
    assert unlink(me) == (404, "GOOGLE_NOT_LINKED")
    assert log_in(client, issuer, "1")["user_id"] != me.user_id


@pytest.mark.parametrize("password", [False, True])
def test_only_way_in_stays(client: Client, issuer: GoogleIssuer, password: bool) -> None:
    """A password is none: one logs in with it by phone."""
    me, proof = newcomer(client, issuer), {"id_token": issuer.id_token("1")}
    if password:
        new = {"new_password": "correct horse"}
        assert me.put("/auth/password", json=new, headers=me.prove(**proof)).status_code == 200
        proof = {"password": "correct horse"}
    assert unlink(me, **proof) == (409, "ONLY_WAY_IN")
    assert log_in(client, issuer)["user_id"] == me.user_id


def test_phone_alone_is_no_way_in_where_no_sms_is_sent(client: Client, issuer: GoogleIssuer, make: Factory) -> None:
    me = make.user()
    link(me, issuer.id_token("1"))
    kept = client.app.extensions["settings"]
    client.app.extensions["settings"] = kept.model_copy(update={"sms_provider": "none"})
    try:
        assert unlink(me, id_token=issuer.id_token("1")) == (409, "ONLY_WAY_IN")
    finally:
        client.app.extensions["settings"] = kept


def test_export_tells_what_google_has_told(client: Client, issuer: GoogleIssuer) -> None:
    exported = data(newcomer(client, issuer).get("/auth/account/export"))["data"]
    [told] = exported["social_logins"]
    assert (told["provider"], told["subject"], told["email"]) == ("google", "1", "1@example.com")
    assert exported["account"]["phone"] is None


def test_admins_see_and_ban_an_account_without_a_phone(
    app: Flask, client: Client, issuer: GoogleIssuer, make: Factory
) -> None:
    me, admin = newcomer(client, issuer), make.admin()
    listed = data(admin.get("/admin/users"))["items"]
    assert [user["phone"] for user in listed if user["id"] == me.user_id] == [None]
    changed = data(admin.patch(f"/admin/users/{me.user_id}", json={"nickname": "Lin"}))
    assert (changed["phone"], changed["nickname"]) == (None, "Lin")
    assert admin.put(f"/admin/users/{me.user_id}/ban").status_code == 200
    assert me.get("/users/me").status_code == 401
