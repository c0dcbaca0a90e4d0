"""Setting the first password, changing it, and what happens to sessions meanwhile."""

import pytest

from tests.clients import Client, data, failure
from tests.factories import Factory, at_once

OLD, NEW = "correct horse", "battery staple"


def log_in(client: Client, phone: str, password: str) -> tuple[int, str]:
    return failure(client.post("/auth/password-login", json={"phone": phone, "password": password}))


def test_first_password_needs_a_code_sent_to_the_phone(make: Factory, client: Client) -> None:
    phone = make.phone()
    me = make.user(phone)
    assert data(me.get("/users/me"))["has_password"] is False
    assert me.put("/auth/password", json={"new_password": NEW}, headers=me.prove()).status_code == 200
    assert data(me.get("/users/me"))["has_password"] is True
    assert log_in(client, phone, NEW) == (200, "SUCCESS")


def test_change_without_the_old_password_is_403_and_changes_nothing(make: Factory, client: Client) -> None:
    phone = make.phone()
    me, elsewhere = make.user(phone, password=OLD), client.log_in(phone)
    assert failure(me.post("/auth/proofs", json={"password": NEW})) == (403, "PROOF_WRONG")
    answer = me.put("/auth/password", json={"new_password": NEW})
    assert failure(answer) == (403, "PROOF_NEEDED")
    assert log_in(client, phone, OLD) == (200, "SUCCESS")
    assert elsewhere.get("/users/me").status_code == 200


def test_change_replaces_the_password_and_ends_other_sessions_only(make: Factory, client: Client) -> None:
    phone = make.phone()
    me, elsewhere, bystander = make.user(phone, password=OLD), client.log_in(phone), make.user()
    assert me.put("/auth/password", json={"new_password": NEW}, headers=me.prove(password=OLD)).status_code == 200
    assert me.get("/users/me").status_code == 200
    assert failure(elsewhere.get("/users/me")) == (401, "TOKEN_INVALID")
    assert bystander.get("/users/me").status_code == 200
    assert [session["current"] for session in data(me.get("/auth/sessions"))["items"]] == [True]
    assert log_in(client, phone, OLD) == (401, "CREDENTIALS_WRONG")
    assert log_in(client, phone, NEW) == (200, "SUCCESS")


def test_setting_the_first_password_ends_other_sessions(make: Factory, client: Client) -> None:
    phone = make.phone()
    me, elsewhere = make.user(phone), client.log_in(phone)
    me.put("/auth/password", json={"new_password": NEW}, headers=me.prove())
    assert me.get("/users/me").status_code == 200
    assert failure(elsewhere.get("/users/me")) == (401, "TOKEN_INVALID")


@pytest.mark.parametrize("length", [8, 128])
def test_password_of_allowed_length_is_taken(make: Factory, client: Client, length: int) -> None:
    phone, password = make.phone(), "好" * length
    me = make.user(phone)
    assert me.put("/auth/password", json={"new_password": password}, headers=me.prove()).status_code == 200
    assert log_in(client, phone, password) == (200, "SUCCESS")


@pytest.mark.parametrize("password", ["", "x" * 7, "x" * 129, None, 12345678, ["x" * 8], "x" * 8 + "\0"])
def test_password_out_of_bounds_is_400_and_not_repeated(make: Factory, password: object) -> None:
    me = make.user()
    answer = me.put("/auth/password", json={"new_password": password}, headers=me.prove())
    assert answer.status_code == 400
    assert "xxxx" not in answer.get_data(as_text=True)
    assert data(me.get("/users/me"))["has_password"] is False


def test_of_two_first_passwords_at_once_one_is_set(make: Factory, client: Client) -> None:
    phone = make.phone()
    devices = [make.user(phone), client.log_in(phone)]
    passwords = ["first password", "second password"]
    proofs = [device.prove() for device in devices]
    answers = at_once(
        [
            lambda device=device, proof=proof, password=password: device.put(
                "/auth/password", json={"new_password": password}, headers=proof
            )
            for device, proof, password in zip(devices, proofs, passwords, strict=True)
        ]
    )
    codes = [answer.status_code for answer in answers]
    assert sorted(codes)[0] == 200
    assert sorted(codes)[1] in (401, 403)
    winner = passwords[codes.index(200)]
    assert [log_in(client, phone, password)[0] for password in passwords] == [
        200 if password == winner else 401 for password in passwords
    ]


@pytest.mark.usefixtures("costly_hashes")
def test_login_by_the_old_password_beside_a_change_does_not_outlive_it(make: Factory, client: Client) -> None:
    """Hashing takes a while: the password that was right when a login began may be wrong when it ends."""
    phone = make.phone()
    me = make.user(phone, password=OLD)
    tokens, proof = [], me.prove(password=OLD)

    def log_in_until_refused() -> None:
        while (answer := log_in_once(client, phone)) is not None:
            tokens.append(answer)

    def change() -> None:
        me.put("/auth/password", json={"new_password": NEW}, headers=proof)

    at_once([change, *[log_in_until_refused] * 3])
    alive = [token for token in tokens if Client(client.app, token).get("/users/me").status_code == 200]
    assert alive == []


def log_in_once(client: Client, phone: str) -> str | None:
    answer = client.post("/auth/password-login", json={"phone": phone, "password": OLD})
    return data(answer)["token"] if answer.status_code == 200 else None


def test_old_password_cannot_be_tried_out(make: Factory) -> None:
    me = make.user(password="correct horse")
    answers = [failure(me.post("/auth/proofs", json={"password": "wrong horse"})) for _ in range(11)]
    assert answers == [(403, "PROOF_WRONG")] * 10 + [(429, "TOO_MANY_FAILURES")]
