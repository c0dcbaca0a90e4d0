"""Each thing that is done leaves one entry: what, who, to whom, from where."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from flask_api.accounts.leaving import erase_account
from flask_api.admin import services as admin_services
from flask_api.audit.models import ACTIONS, PAST_ACTIONS
from flask_api.core.transaction import lock, transactional
from flask_api.users.models import UserAuth
from tests.audit.conftest import Entries
from tests.audit.world import (
    HERE,
    OTHER,
    PASSWORD,
    Request,
    Told,
    World,
    admins,
    by_code,
    by_password,
    login,
    masked,
    proof_by,
    refused,
    reset,
    told,
    wrong,
)
from tests.clients import data
from tests.factories import Factory

NOBODY = "13700000042"

CASES: dict[str, Callable[[World], tuple[Request, Told]]] = {
    "login by password": lambda w: (
        by_password(w, w.phone, PASSWORD),
        ("login", w.user.user_id, w.user.user_id, login("password")),
    ),
    "login by code": lambda w: (
        by_code(w, w.phone),
        ("login", w.user.user_id, w.user.user_id, login("sms_code")),
    ),
    "wrong password": lambda w: (
        by_password(w, w.phone, OTHER),
        ("login_failed", None, w.user.user_id, refused("password", w.phone, "CREDENTIALS_WRONG")),
    ),
    "password of nobody": lambda w: (
        by_password(w, NOBODY, OTHER),
        ("login_failed", None, None, refused("password", NOBODY, "CREDENTIALS_WRONG")),
    ),
    "wrong code": lambda w: (
        by_code(w, w.phone, wrong),
        ("login_failed", None, None, refused("sms_code", w.phone, "CODE_WRONG")),
    ),
    "wrong code of nobody": lambda w: (
        by_code(w, NOBODY, wrong),
        ("login_failed", None, None, refused("sms_code", NOBODY, "CODE_WRONG")),
    ),
    "banned by password": lambda w: (
        by_password(w, w.banned_phone, PASSWORD),
        ("login_failed", None, w.banned.user_id, {"way": "password", "reason": "ACCOUNT_BANNED"}),
    ),
    "banned by code": lambda w: (
        by_code(w, w.banned_phone),
        ("login_failed", None, w.banned.user_id, {"way": "sms_code", "reason": "ACCOUNT_BANNED"}),
    ),
    "wrong proof": lambda w: (
        proof_by(w, OTHER),
        ("proof_failed", w.user.user_id, w.user.user_id, {"way": "password", "reason": "PROOF_WRONG"}),
    ),
    "password reset": lambda w: (
        reset(w, w.phone),
        ("password_reset", w.user.user_id, w.user.user_id, {}),
    ),
    "wrong code for a reset": lambda w: (
        reset(w, w.phone, wrong),
        ("password_reset_failed", None, None, {"phone": w.masked, "reason": "CODE_WRONG"}),
    ),
    "reset of nobody": lambda w: (
        reset(w, NOBODY),
        ("password_reset_failed", None, None, {"phone": masked(NOBODY), "reason": "CODE_WRONG"}),
    ),
    "deletion asked for": lambda w: (
        (w.user, "DELETE", "/auth/account", None),
        ("deletion_requested", w.user.user_id, w.user.user_id, {}),
    ),
    "role changed": lambda w: (
        admins(w, "PATCH", f"/users/{w.user.user_id}", role="admin", bio="Maps."),
        ("role_changed", w.admin.user_id, w.user.user_id, {"role": "admin", "role_before": "user"}),
    ),
    "ban": lambda w: (
        admins(w, "PUT", f"/users/{w.user.user_id}/ban"),
        ("user_banned", w.admin.user_id, w.user.user_id, {}),
    ),
    "ban lifted": lambda w: (
        admins(w, "DELETE", f"/users/{w.banned.user_id}/ban"),
        ("user_unbanned", w.admin.user_id, w.banned.user_id, {}),
    ),
    "app key changed": lambda w: (
        admins(w, "PATCH", f"/app-keys/{w.app_key_id}", name="Android", allows_version_1=True, requests_per_minute=9),
        ("app_key_changed", w.admin.user_id, w.app_key_id, {"allows_version_1": True, "requests_per_minute": 9}),
    ),
    "app key disabled": lambda w: (
        admins(w, "PATCH", f"/app-keys/{w.app_key_id}", disabled=True),
        ("app_key_disabled", w.admin.user_id, w.app_key_id, {}),
    ),
    "app key rotated": lambda w: (
        admins(w, "POST", f"/app-keys/{w.app_key_id}/secrets", overlap_hours=2),
        ("app_key_rotated", w.admin.user_id, w.app_key_id, {"overlap_hours": 2}),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_is_done_leaves_one_entry(
    case: Callable[[World], tuple[Request, Told]], world: World, new_entries: Entries
) -> None:
    (caller, method, path, body), expected = case(world)
    caller.call(method, path, json=body, **HERE)
    [entry] = new_entries()
    assert told(entry) == expected
    assert entry.subject_kind == ("app_key" if entry.action.startswith("app_key") else "user")
    assert (entry.address, entry.request_id) == ("203.0.113.7", "my-request.1")


def test_what_makes_something_new_tells_its_id(world: World, make: Factory, new_entries: Entries) -> None:
    phone = make.phone()
    created = data(world.admin.post("/admin/users", json={"phone": phone, "role": "admin"}))
    key = data(world.admin.post("/admin/app-keys", json={"name": "iOS", "requests_per_minute": 60}))["app_key"]
    newcomer = world.stranger.log_in(make.phone())
    allowed = {"name": "iOS", "allows_version_1": False, "requests_per_minute": 60}
    assert [told(entry) for entry in new_entries()] == [
        ("user_created", world.admin.user_id, created["id"], {"role": "admin"}),
        ("app_key_created", world.admin.user_id, key["id"], allowed),
        ("login", newcomer.user_id, newcomer.user_id, login("sms_code", registered=True)),
    ]


def test_first_password_is_told_from_a_changed_one(world: World, make: Factory, new_entries: Entries) -> None:
    user = make.user()
    new_entries()
    for change in ({}, {"password": PASSWORD}):
        user.put("/auth/password", json={"new_password": PASSWORD}, headers=user.prove(**change))
    assert [told(entry) for entry in new_entries()] == [
        ("password_set", user.user_id, user.user_id, {}),
        ("password_changed", user.user_id, user.user_id, {}),
    ]


def test_login_that_takes_back_a_deletion_says_so(world: World, new_entries: Entries) -> None:
    world.user.delete("/auth/account")
    new_entries()
    world.stranger.log_in(world.phone)
    assert [told(entry)[3] for entry in new_entries()] == [login("sms_code", restored=True)]


def test_app_key_that_is_disabled_and_let_in_again_leaves_an_entry_each(world: World, new_entries: Entries) -> None:
    path = f"/admin/app-keys/{world.app_key_id}"
    world.admin.patch(path, json={"disabled": True, "name": "Old"})
    world.admin.patch(path, json={"disabled": False})
    assert [(entry.action, entry.details) for entry in new_entries()] == [
        ("app_key_changed", {"name": "Old"}),
        ("app_key_disabled", {}),
        ("app_key_enabled", {}),
    ]


def test_what_no_request_does_is_local_and_nobodys(app: Flask, world: World, new_entries: Entries) -> None:
    @transactional
    def erase() -> None:
        user = lock(UserAuth, world.banned.user_id or 0)
        assert user is not None
        erase_account(user)

    with app.app_context():
        admin_services.change_user(world.user.user_id or 0, role="admin")
        erase()
    entries = new_entries()
    assert [(entry.action, entry.subject_id) for entry in entries] == [
        ("role_changed", world.user.user_id),
        ("account_erased", world.banned.user_id),
    ]
    assert {(entry.actor_id, entry.address, entry.request_id) for entry in entries} == {(None, "local", "")}


def test_address_that_a_proxy_made_up_is_cut(world: World, new_entries: Entries) -> None:
    body = {"phone": world.phone, "password": PASSWORD}
    answer = world.stranger.post("/auth/password-login", json=body, environ_base={"REMOTE_ADDR": "9" * 100})
    assert answer.status_code == 200
    assert [entry.address for entry in new_entries()] == ["9" * 45]


def test_every_action_is_tried_here() -> None:
    text = "".join(file.read_text() for file in Path(__file__).parent.glob("test_*_recorded.py"))
    assert [action for action in ACTIONS if f'"{action}"' not in text and action not in PAST_ACTIONS] == []
