"""Resetting a password by SMS code."""

from collections.abc import Callable

from tests.clients import Client, data, failure
from tests.factories import Factory

OLD, NEW = "correct horse", "battery staple"
Send = Callable[..., str]


def reset(client: Client, phone: str, code: str) -> tuple[int, str]:
    return failure(client.post("/auth/password-reset", json={"phone": phone, "code": code, "new_password": NEW}))


def log_in(client: Client, phone: str, password: str) -> tuple[int, str]:
    return failure(client.post("/auth/password-login", json={"phone": phone, "password": password}))


def test_reset_replaces_the_password_and_ends_all_sessions(make: Factory, client: Client, send_code: Send) -> None:
    phone = make.phone()
    me, elsewhere = make.user(phone, password=OLD), client.log_in(phone)
    assert reset(client, phone, send_code(phone, "password_reset")) == (200, "SUCCESS")
    assert failure(me.get("/users/me")) == (401, "TOKEN_INVALID")
    assert failure(elsewhere.get("/users/me")) == (401, "TOKEN_INVALID")
    assert log_in(client, phone, OLD) == (401, "CREDENTIALS_WRONG")
    assert log_in(client, phone, NEW) == (200, "SUCCESS")


def test_reset_gives_a_first_password_to_who_has_none(make: Factory, client: Client, send_code: Send) -> None:
    phone = make.phone()
    make.user(phone)
    assert reset(client, phone, send_code(phone, "password_reset")) == (200, "SUCCESS")
    assert log_in(client, phone, NEW) == (200, "SUCCESS")


def test_login_code_does_not_reset(make: Factory, client: Client, send_code: Send) -> None:
    phone = make.phone()
    me = make.user(phone)
    assert reset(client, phone, send_code(phone, "login")) == (401, "CODE_WRONG")
    assert data(me.get("/users/me"))["has_password"] is False


def test_reset_code_does_not_log_in(make: Factory, client: Client, send_code: Send) -> None:
    phone = make.phone()
    code = send_code(phone, "password_reset")
    assert failure(client.post("/auth/sms-login", json={"phone": phone, "code": code})) == (401, "CODE_WRONG")


def test_code_of_another_phone_does_not_reset(make: Factory, client: Client, send_code: Send) -> None:
    victim, attacker = make.phone(), make.phone()
    me = make.user(victim)
    assert reset(client, victim, send_code(attacker, "password_reset")) == (401, "CODE_WRONG")
    assert me.get("/users/me").status_code == 200


def test_reset_code_is_used_once(make: Factory, client: Client, send_code: Send) -> None:
    phone = make.phone()
    make.user(phone)
    code = send_code(phone, "password_reset")
    assert reset(client, phone, code) == (200, "SUCCESS")
    assert reset(client, phone, code) == (401, "CODE_WRONG")


def test_unknown_phone_answers_as_a_wrong_code(make: Factory, client: Client, send_code: Send) -> None:
    known, unknown = make.phone(), make.phone()
    make.user(known)
    code, other = send_code(known, "password_reset"), send_code(unknown, "password_reset")
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    answers = [
        client.post("/auth/password-reset", json={"phone": phone, "code": code, "new_password": NEW}).get_json()
        for phone, code in ((known, wrong), (unknown, other))
    ]
    for answer in answers:
        del answer["request_id"]
    assert answers[0] == answers[1]
    assert answers[0]["status"] == "CODE_WRONG"


def test_unknown_phone_is_not_registered_by_a_reset(make: Factory, client: Client, send_code: Send) -> None:
    phone = make.phone()
    reset(client, phone, send_code(phone, "password_reset"))
    assert data(make.admin().get("/admin/users", query_string={"phone": phone}))["items"] == []


def test_bad_new_password_is_refused_before_the_code_is_used(make: Factory, client: Client, send_code: Send) -> None:
    phone = make.phone()
    make.user(phone)
    code = send_code(phone, "password_reset")
    short = client.post("/auth/password-reset", json={"phone": phone, "code": code, "new_password": "short"})
    assert failure(short) == (400, "INVALID_FIELD")
    assert reset(client, phone, code) == (200, "SUCCESS")


def test_reset_does_not_lift_a_ban(make: Factory, client: Client, send_code: Send) -> None:
    phone = make.phone()
    make.admin().put(f"/admin/users/{make.user(phone).user_id}/ban")
    reset(client, phone, send_code(phone, "password_reset"))
    assert log_in(client, phone, NEW) == (403, "ACCOUNT_BANNED")
