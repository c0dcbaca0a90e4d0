"""How passwords rest in the database."""

import re

import pytest
from sqlalchemy import select, update

from flask_api.users.models import UserAuth
from tests.clients import Client
from tests.factories import Factory

PASSWORD = "correct horse"


def stored_hash(make: Factory, user: Client) -> str:
    return str(make.execute(select(UserAuth.password_hash).where(UserAuth.id == user.user_id))[0][0])


@pytest.mark.usefixtures("costly_hashes")
def test_password_rests_as_argon2id_of_at_least_rfc_9106s_low_memory_profile(make: Factory) -> None:
    me = make.user()
    me.put("/auth/password", json={"new_password": PASSWORD}, headers=me.prove())
    found = re.match(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=\d+\$", stored_hash(make, me))
    assert found
    assert int(found[1]) >= 64 * 1024
    assert int(found[2]) >= 3


def test_same_password_of_two_people_rests_differently(make: Factory) -> None:
    assert stored_hash(make, make.user(password=PASSWORD)) != stored_hash(make, make.user(password=PASSWORD))


def test_login_renews_a_hash_made_with_other_parameters(
    make: Factory, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from argon2 import PasswordHasher

    from flask_api.accounts import passwords

    phone = make.phone()
    me = make.user(phone, password=PASSWORD)
    before = stored_hash(make, me)
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    for _ in range(2):
        assert client.post("/auth/password-login", json={"phone": phone, "password": PASSWORD}).status_code == 200
    after = stored_hash(make, me)
    assert ",t=1," in before
    assert ",t=2," in after
    assert me.get("/users/me").status_code == 200  # it is no change of password: nobody is logged out


def test_hash_that_cannot_be_read_is_a_wrong_password(make: Factory, client: Client) -> None:
    phone = make.phone()
    me = make.user(phone, password=PASSWORD)
    make.execute(update(UserAuth).where(UserAuth.id == me.user_id).values(password_hash="5f4dcc3b5aa765d61d83"))
    assert client.post("/auth/password-login", json={"phone": phone, "password": PASSWORD}).status_code == 401
