"""What changes nothing, is refused, or fails on the way leaves no entry, nor does a guess nobody looks at."""

import pytest
from flask import Flask

from flask_api.audit.services import record
from flask_api.core.transaction import transactional
from tests.audit.conftest import Entries
from tests.audit.world import OTHER, World
from tests.clients import failure


def test_change_that_changes_nothing_leaves_none(world: World, new_entries: Entries) -> None:
    for method, path, body in (
        ("PATCH", f"/users/{world.user.user_id}", {"role": "user", "bio": "Maps."}),
        ("PUT", f"/users/{world.banned.user_id}/ban", None),
        ("DELETE", f"/users/{world.user.user_id}/ban", None),
        ("PATCH", f"/app-keys/{world.app_key_id}", {"name": "Android", "disabled": False}),
    ):
        assert world.admin.call(method, f"/admin{path}", json=body).status_code == 200
    assert new_entries() == []


def test_change_that_is_refused_leaves_none(world: World, new_entries: Entries) -> None:
    """The role is changed, and its entry written, before the birthday is found to be bad."""
    answers = [
        world.admin.patch(f"/admin/users/{world.user.user_id}", json={"role": "admin", "birthday": "2099-01-01"}),
        world.admin.put(f"/admin/users/{world.admin.user_id}/ban"),
        world.admin.post("/admin/users", json={"phone": world.phone}),
        world.admin.patch("/admin/app-keys/99", json={"disabled": True}),
        world.admin.delete("/auth/account"),
    ]
    assert [failure(answer)[1] for answer in answers] == [
        "INVALID_FIELD",
        "LAST_ADMIN",
        "PHONE_TAKEN",
        "APP_KEY_NOT_FOUND",
        "LAST_ADMIN",
    ]
    assert new_entries() == []


def test_transaction_that_fails_takes_its_entry_with_it(app: Flask, new_entries: Entries) -> None:
    @transactional
    def fail() -> None:
        record("user_banned", user_id=1)
        raise LookupError

    with app.app_context(), pytest.raises(LookupError):
        fail()
    assert new_entries() == []


def test_too_many_failures_are_recorded_while_the_password_is_looked_at(world: World, new_entries: Entries) -> None:
    for _ in range(12):
        answer = world.stranger.post("/auth/password-login", json={"phone": world.phone, "password": OTHER})
    assert failure(answer) == (429, "TOO_MANY_FAILURES")
    assert [entry.action for entry in new_entries()] == ["login_failed"] * 10
