"""Whatever is called with a stolen token alone: the owner logs in as before, and nobody else does."""

from typing import Any

import pytest
from sqlalchemy import insert, select, update

from flask_api.accounts import codes
from flask_api.accounts.models import GOOGLE, SocialLogin
from flask_api.core import proofs
from flask_api.users.models import UserAuth
from tests.clients import Client
from tests.factories import Factory
from tests.google.conftest import issuer, settings
from tests.security.operations import Operation, each
from tests.services.google_issuer import GoogleIssuer

__all__ = ["issuer", "settings"]  # fixtures here too


@pytest.fixture
def owners(make: Factory) -> list[Client]:
    """Admins, who may call everything: one has a phone only, the other all that one can log in by."""
    one, other = make.admin(), make.user(role="admin", password="battery staple")
    make.execute(update(UserAuth).where(UserAuth.id == other.user_id).values(email="owner@example.com"))
    google = {"provider": GOOGLE, "subject": "owner", "email": "owner@example.com"}
    make.execute(insert(SocialLogin).values(user_id=other.user_id, **google))
    return [one, other]


@pytest.fixture(autouse=True)
def right_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's examples hold codes for a phone and an address that are the thief's: they are right."""
    monkeypatch.setattr(codes, "try_code", lambda _place, _code: None)


def ways_in(make: Factory, owners: list[Client]) -> list[Any]:
    """All that these people log in by."""
    ids = [owner.user_id for owner in owners]
    by_account = select(UserAuth.id, UserAuth.phone, UserAuth.email, UserAuth.password_hash).order_by(UserAuth.id)
    by_google = select(SocialLogin.__table__).order_by(SocialLogin.id)
    asked = (by_account.where(UserAuth.id.in_(ids)), by_google.where(SocialLogin.user_id.in_(ids)))
    return [tuple(row) for query in asked for row in make.execute(query)]


def call(owner: Client, operation: Operation, issuer: GoogleIssuer) -> None:
    """Call it as the thief does: with a Google account of their own, and the owner's id where an id is asked for."""
    own = {"id_token": issuer.id_token("thief")}
    body = {name: own.get(name, value) for name, value in (operation.example or {}).items()}
    operation.ask(owner, str(owner.user_id), **({"json": body} if operation.has_body else {}))


@each("writes")
def test_nothing_changes_how_one_logs_in_by_a_token_alone(
    owners: list[Client], make: Factory, issuer: GoogleIssuer, operation: Operation
) -> None:
    """If this fails: that operation needs ``@proof_check``."""
    before = ways_in(make, owners)
    for owner in owners:
        call(owner, operation, issuer)
    assert ways_in(make, owners) == before


@each("needs_proof")
def test_but_for_the_proof_it_would(
    owners: list[Client],
    make: Factory,
    issuer: GoogleIssuer,
    operation: Operation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So the test above sees what it looks for, and no operation asks for a proof that it does not need."""
    monkeypatch.setattr(proofs, "is_good", lambda _proof, _token: True)
    before = ways_in(make, owners)
    for owner in owners:
        call(owner, operation, issuer)
    assert ways_in(make, owners) != before
