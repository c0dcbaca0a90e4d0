"""What happens to an account that Google made, and to one that is linked to Google, leaves one entry each."""

from collections.abc import Iterator

import pytest

from flask_api.settings import Settings
from tests.audit.conftest import Entries
from tests.audit.world import code_for, login, masked, told, wrong
from tests.clients import Client, data
from tests.factories import Factory
from tests.services.google_issuer import GoogleIssuer


@pytest.fixture
def issuer() -> Iterator[GoogleIssuer]:
    with GoogleIssuer() as running:
        yield running


@pytest.fixture
def settings(settings: Settings, issuer: GoogleIssuer) -> Settings:
    return settings.model_copy(update=issuer.settings())


@pytest.fixture
def newcomer(client: Client, issuer: GoogleIssuer) -> Client:
    """Somebody who came by Google."""
    made = data(client.post("/auth/google", json={"id_token": issuer.id_token("1")}))
    return Client(client.app, made["token"], made["user_id"])


def test_logins_by_google(client: Client, newcomer: Client, issuer: GoogleIssuer, new_entries: Entries) -> None:
    client.post("/auth/google", json={"id_token": issuer.id_token("1")})
    client.post("/auth/google", json={"id_token": issuer.id_token("1", aud="another")})
    them = newcomer.user_id
    assert [told(entry) for entry in new_entries()] == [
        ("login", them, them, login("google", registered=True)),
        ("login", them, them, login("google")),
        ("login_failed", None, None, {"way": "google", "reason": "ID_TOKEN_INVALID"}),
    ]


def test_links_to_google(make: Factory, issuer: GoogleIssuer, new_entries: Entries) -> None:
    me = make.user()
    new_entries()
    for _ in range(2):  # the second changes nothing
        me.put("/auth/google", json={"id_token": issuer.id_token("1")}, headers=me.prove())
    me.delete("/auth/google", headers=me.prove())
    assert [told(entry) for entry in new_entries()] == [
        ("google_linked", me.user_id, me.user_id, {}),
        ("google_unlinked", me.user_id, me.user_id, {}),
    ]


def test_link_by_what_is_no_token_of_googles(make: Factory, issuer: GoogleIssuer, new_entries: Entries) -> None:
    me = make.user()
    new_entries()
    me.put("/auth/google", json={"id_token": issuer.id_token("1", aud="another")}, headers=me.prove())
    assert [told(entry) for entry in new_entries()] == [
        ("google_link_failed", me.user_id, me.user_id, {"reason": "ID_TOKEN_INVALID"}),
    ]


def test_phones_that_are_set_and_changed(
    client: Client, newcomer: Client, issuer: GoogleIssuer, make: Factory, new_entries: Entries
) -> None:
    phone, other, them = make.phone(), make.phone(), newcomer.user_id
    new_entries()
    proof = newcomer.prove(id_token=issuer.id_token("1"))
    for change in (wrong, str):
        code = change(code_for(client, phone, "phone"))
        newcomer.put("/auth/phone", json={"phone": phone, "code": code}, headers=proof)
    code = code_for(client, other, "phone")
    newcomer.put("/auth/phone", json={"phone": other, "code": code}, headers=newcomer.prove())
    assert [told(entry) for entry in new_entries()] == [
        ("phone_set_failed", them, them, {"phone": masked(phone), "reason": "CODE_WRONG"}),
        ("phone_set", them, them, {"phone": masked(phone)}),
        ("phone_changed", them, them, {"phone": masked(other), "phone_before": masked(phone)}),
    ]
