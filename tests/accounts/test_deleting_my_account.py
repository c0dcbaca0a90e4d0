"""Leaving: at once hidden and logged out, for a while to be taken back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from flask import Flask

from tests.clients import Client, data, failure
from tests.factories import Factory

PASSWORD = "correct horse"


def leave(me: Client) -> datetime:
    return datetime.fromisoformat(data(me.delete("/auth/account"))["delete_after"])


def test_deletion_says_when_the_grace_period_ends(make: Factory) -> None:
    assert abs(leave(make.user()) - (datetime.now(UTC) + timedelta(days=30))) < timedelta(minutes=2)


def test_account_is_hidden_at_once(make: Factory) -> None:
    me, other = make.user(), make.user()
    make.photo(me)
    assert other.get(f"/users/{me.user_id}").status_code == 200
    leave(me)
    assert failure(other.get(f"/users/{me.user_id}")) == (404, "USER_NOT_FOUND")
    assert failure(other.get(f"/users/{me.user_id}/photos")) == (404, "USER_NOT_FOUND")


def test_all_tokens_are_dead_at_once(make: Factory, client: Client) -> None:
    phone = make.phone()
    me, elsewhere, bystander = make.user(phone), client.log_in(phone), make.user()
    leave(me)
    for token in (me, elsewhere):
        assert failure(token.get("/users/me")) == (401, "TOKEN_INVALID")
    assert bystander.get("/users/me").status_code == 200


def test_login_by_sms_within_the_grace_period_restores_and_says_so(make: Factory, client: Client) -> None:
    phone = make.phone()
    me, other = make.user(phone, nickname="Lin"), make.user()
    leave(me)
    code = data(client.post("/auth/sms-codes", json={"phone": phone}))["code"]
    login = data(client.post("/auth/sms-login", json={"phone": phone, "code": code}))
    assert (login["user_id"], login["registered"], login["restored"]) == (me.user_id, False, True)
    assert failure(me.get("/users/me")) == (401, "TOKEN_INVALID")  # the tokens of before stay dead
    assert data(Client(client.app, login["token"]).get("/users/me"))["nickname"] == "Lin"
    assert other.get(f"/users/{me.user_id}").status_code == 200


def test_login_by_password_within_the_grace_period_restores_and_says_so(make: Factory, client: Client) -> None:
    phone = make.phone()
    leave(make.user(phone, password=PASSWORD))
    logins = [data(client.post("/auth/password-login", json={"phone": phone, "password": PASSWORD})) for _ in range(2)]
    assert [login["restored"] for login in logins] == [True, False]


def test_wrong_password_restores_nothing(make: Factory, client: Client) -> None:
    phone, admin = make.phone(), make.admin()
    me = make.user(phone, password=PASSWORD)
    leave(me)
    client.post("/auth/password-login", json={"phone": phone, "password": "wrong horse"})
    assert data(admin.get(f"/admin/users/{me.user_id}"))["status"] == "leaving"


def test_restored_account_is_not_erased_later(make: Factory, client: Client) -> None:
    phone, admin = make.phone(), make.admin()
    me = make.user(phone)
    leave(me)
    client.log_in(phone)
    found = data(admin.get(f"/admin/users/{me.user_id}"))
    assert (found["status"], found["delete_after"]) == ("active", None)


def test_who_is_banned_while_leaving_cannot_restore(make: Factory, client: Client) -> None:
    phone, admin = make.phone(), make.admin()
    me = make.user(phone)
    leave(me)
    admin.put(f"/admin/users/{me.user_id}/ban")
    code = data(client.post("/auth/sms-codes", json={"phone": phone}))["code"]
    assert failure(client.post("/auth/sms-login", json={"phone": phone, "code": code})) == (403, "ACCOUNT_BANNED")
    unbanned = data(admin.delete(f"/admin/users/{me.user_id}/ban"))
    assert unbanned["status"] == "leaving"
    assert unbanned["delete_after"]


def test_phone_is_not_free_for_others_within_the_grace_period(make: Factory) -> None:
    phone, admin = make.phone(), make.admin()
    leave(make.user(phone))
    assert failure(admin.post("/admin/users", json={"phone": phone})) == (409, "PHONE_TAKEN")


def test_code_for_a_leaving_phone_looks_like_any_other(make: Factory, client: Client) -> None:
    leaving, unknown = make.phone(), make.phone()
    leave(make.user(leaving))
    answers = [data(client.post("/auth/sms-codes", json={"phone": phone})) for phone in (leaving, unknown)]
    assert {**answers[0], "code": ""} == {**answers[1], "code": ""}


def test_without_a_grace_period_the_next_login_is_of_a_new_user(make: Factory, restart: Callable[..., Flask]) -> None:
    client, phone = Client(restart(deletion_grace_days=0)), make.phone()
    me = client.log_in(phone)
    leave(me)
    code = data(client.post("/auth/sms-codes", json={"phone": phone}))["code"]
    login = data(client.post("/auth/sms-login", json={"phone": phone, "code": code}))
    assert (login["registered"], login["restored"]) == (True, False)
    assert login["user_id"] != me.user_id
