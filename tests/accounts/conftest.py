"""What tests of accounts share."""

from collections.abc import Callable, Iterator

import pytest
from argon2 import PasswordHasher
from flask import Flask

from flask_api.accounts import passwords
from flask_api.settings import Settings
from tests.clients import Client, data
from tests.conftest import start_app, stop_app


@pytest.fixture
def restart(app: Flask, settings: Settings) -> Iterator[Callable[..., Flask]]:
    """Starts another app over the same database and Redis, with other settings."""
    apps = []

    def start(**changes: object) -> Flask:
        apps.append(start_app(settings.model_copy(update=changes)))
        return apps[-1]

    yield start
    for other in apps:
        stop_app(other)


@pytest.fixture
def send_code(client: Client) -> Callable[..., str]:
    """Has a code sent to a phone and returns it, as the console provider does."""

    def send(phone: str, purpose: str = "login") -> str:
        return str(data(client.post("/auth/sms-codes", json={"phone": phone, "purpose": purpose}))["code"])

    return send


@pytest.fixture(autouse=True)
def cheap_hashes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2id as it is, but at a thousandth of its price; ``costly_hashes`` asks for what production pays."""
    if "costly_hashes" not in request.fixturenames:
        monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        passwords._nobodys_hash.cache_clear()


@pytest.fixture
def costly_hashes() -> None:
    """See ``cheap_hashes``."""
    passwords._nobodys_hash.cache_clear()
