"""Going back to the release that knew phones only, and forward again."""

import flask_migrate
from flask import Flask
from sqlalchemy import text

from flask_api.extensions import db
from flask_api.settings import Settings
from tests.clients import Client, data
from tests.factories import Factory
from tests.google.test_logins import newcomer
from tests.services.google_issuer import GoogleIssuer

BEFORE, AFTER = "e07a5b3c18d4", "19f6c2d8a4e7"


def phones() -> dict[int, str | None]:
    with db.engine.connect() as connection:
        return {row.id: row.phone for row in connection.execute(text("SELECT id, phone FROM user_auth"))}


def test_accounts_without_a_phone_survive_the_way_down_and_up(
    app: Flask, settings: Settings, client: Client, issuer: GoogleIssuer, make: Factory
) -> None:
    phone = make.phone()
    there, theirs, gone = make.user(phone), newcomer(client, issuer, "1"), newcomer(client, issuer, "2")
    make.execute(text(f"DELETE FROM user_auth WHERE id = {gone.user_id}"))
    here = str(settings.migrations_dir)
    with app.app_context():
        flask_migrate.downgrade(directory=here, revision=BEFORE)
        assert phones() == {there.user_id: f"+86{phone}", theirs.user_id: f"none:{theirs.user_id}"}
        flask_migrate.upgrade(directory=here, revision=AFTER)
        assert phones() == {there.user_id: f"+86{phone}", theirs.user_id: None}
        flask_migrate.upgrade(directory=here)
    assert data(there.get("/users/me"))["phone"] == f"+86{phone}"
    again = newcomer(client, issuer, "2")
    assert again.user_id is not None
    assert gone.user_id is not None
    assert again.user_id > gone.user_id, "an id is never given again"
