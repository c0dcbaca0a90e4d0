"""What tests of the audit share."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Row, select

from flask_api.accounts import passwords
from flask_api.audit.models import AuditEntry
from tests.audit.world import PASSWORD, World
from tests.clients import Client, data
from tests.factories import Factory

Entries = Callable[[], list[Row[Any]]]


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Argon2id as it is, but at a thousandth of its price."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._nobodys_hash.cache_clear()
    yield
    passwords._nobodys_hash.cache_clear()  # other tests look at how long it takes


@pytest.fixture
def new_entries(make: Factory) -> Entries:
    """Returns the entries since it was last asked, the oldest first."""
    seen = 0

    def ask() -> list[Row[Any]]:
        nonlocal seen
        table = AuditEntry.__table__
        found = list(make.execute(select(table).where(table.c.id > seen).order_by(table.c.id)))
        seen = found[-1].id if found else seen
        return found

    return ask


@pytest.fixture
def world(make: Factory, client: Client, new_entries: Entries) -> World:
    phone, banned_phone, admin = make.phone(), make.phone(), make.admin()
    user, banned = make.user(phone, password=PASSWORD), make.user(banned_phone, password=PASSWORD)
    admin.put(f"/admin/users/{banned.user_id}/ban")
    app_key = data(admin.post("/admin/app-keys", json={"name": "Android"}))["app_key"]
    new_entries()
    return World(client, admin, user, phone, banned, banned_phone, app_key["id"])
