"""App keys, as an admin keeps them."""

from typing import Any

import pytest
from flask import Flask

from flask_api.app_keys.models import AppKey
from flask_api.core.encryption import CannotDecrypt, decrypt, encrypt
from flask_api.extensions import db
from tests.clients import Client, data, failure
from tests.conftest import start_app, stop_app
from tests.factories import Factory


@pytest.fixture
def admin(make: Factory) -> Client:
    return make.admin()


def create(admin: Client, **values: Any) -> dict[str, Any]:
    return dict(data(admin.post("/admin/app-keys", json={"name": "Android", **values})))


def stored(app: Flask, appkey: str) -> AppKey:
    with app.app_context():
        return db.session.query(AppKey).filter_by(appkey=appkey).one()


def test_new_one_shows_its_secret_once_and_keeps_it_encrypted(admin: Client, app: Flask) -> None:
    issued = create(admin, allows_version_1=True, requests_per_minute=600)
    row = stored(app, issued["app_key"]["appkey"])
    assert issued["secret"] not in row.secret
    with app.app_context():
        assert decrypt(row.secret) == issued["secret"]
    listed = data(admin.get("/admin/app-keys"))["items"]
    assert listed == [issued["app_key"]]
    told = {name: listed[0][name] for name in ("name", "allows_version_1", "requests_per_minute", "disabled")}
    assert told == {"name": "Android", "allows_version_1": True, "requests_per_minute": 600, "disabled": False}
    assert issued["secret"] not in admin.get("/admin/app-keys").text


def test_secret_is_read_with_any_of_the_keys_and_by_no_other(app: Flask) -> None:
    old, new, own = (text * 8 for text in ("old key ", "new key ", "own key "))
    written = start_app(app.extensions["settings"].model_copy(update={"encryption_keys": [old]}))
    with written.app_context():
        kept = encrypt("a secret")
    stop_app(written)
    for secret_key, keys, can in [(own, [new, old], True), (old, [new], True), (own, [new], False)]:
        update = {"secret_key": secret_key, "encryption_keys": keys}
        other = start_app(app.extensions["settings"].model_copy(update=update))
        with other.app_context():
            if can:
                assert decrypt(kept)
            else:
                with pytest.raises(CannotDecrypt):
                    decrypt(kept)
        stop_app(other)


def test_rotation_keeps_the_secret_before_for_a_while(admin: Client, app: Flask) -> None:
    first = create(admin)
    key = first["app_key"]
    second = data(admin.post(f"/admin/app-keys/{key['id']}/secrets", json={"overlap_hours": 2}))
    row = stored(app, key["appkey"])
    with app.app_context():
        assert [decrypt(row.secret), decrypt(row.previous_secret or "")] == [second["secret"], first["secret"]]
    assert second["app_key"]["previous_until"] is not None
    data(admin.post(f"/admin/app-keys/{key['id']}/secrets", json={"overlap_hours": 0}))
    row = stored(app, key["appkey"])
    assert (row.previous_secret, row.previous_until) == (None, None)


def test_disabled_one_can_be_let_in_again(admin: Client) -> None:
    path = f"/admin/app-keys/{create(admin)['app_key']['id']}"
    assert data(admin.patch(path, json={"disabled": True}))["disabled"] is True
    assert data(admin.patch(path, json={"name": "iOS"}))["disabled"] is True
    changed = data(admin.patch(path, json={"disabled": False, "requests_per_minute": None}))
    assert (changed["disabled"], changed["name"], changed["requests_per_minute"]) == (False, "iOS", None)


def test_pages_show_all_newest_first(admin: Client) -> None:
    made = [create(admin, name=f"App {number}")["app_key"]["id"] for number in range(5)]
    first = data(admin.get("/admin/app-keys?limit=3"))
    second = data(admin.get(f"/admin/app-keys?limit=3&cursor={first['next_cursor']}"))
    assert [key["id"] for key in first["items"] + second["items"]] == made[::-1]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("PATCH", "/admin/app-keys/99", {"name": "X"}), ("POST", "/admin/app-keys/99/secrets", {"overlap_hours": 1})],
)
def test_unknown_one_is_404(admin: Client, method: str, path: str, body: dict[str, Any]) -> None:
    assert failure(admin.call(method, path, json=body)) == (404, "APP_KEY_NOT_FOUND")


@pytest.mark.parametrize("body", [{}, {"name": " "}, {"name": "x" * 51}, {"name": "X", "requests_per_minute": 0}])
def test_bad_ones_are_400_and_not_made(admin: Client, body: dict[str, Any]) -> None:
    assert failure(admin.post("/admin/app-keys", json=body)) == (400, "INVALID_FIELD")
    assert data(admin.get("/admin/app-keys"))["items"] == []
