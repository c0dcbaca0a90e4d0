"""The migrations that change profiles and photos, with rows there."""

from collections.abc import Iterator
from typing import Any

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import event, text

from flask_api.database_upgrade import LOCK_PATIENCE, migrating
from flask_api.extensions import db
from flask_api.settings import ROOT, Settings

MIGRATIONS = str(ROOT / "migrations")
BEFORE_PEOPLE, PEOPLE = "8ab3e5170fd2", "3f5a1c7e9b20"
BEFORE_ALBUMS, ALBUMS = "7d2a0b4e8f53", "8e3b1c5f9a64"
AUTH = (
    "INSERT INTO user_auth (id, phone, role, status, token_generation, created_at)"
    " VALUES (:id, :phone, 'user', 'active', 0, :at)"
)
INFO = "INSERT INTO user_info (user_id, nickname, visibility, bio, updated_at) VALUES (:id, 'Lin', 'everyone', '', :at)"
AT = "2026-11-20 10:00:00.000000"


@pytest.fixture
def before_people(bare_app: Flask) -> Iterator[Flask]:
    """A database of the release before, with people."""
    with bare_app.app_context():
        flask_migrate.upgrade(directory=MIGRATIONS, revision=BEFORE_PEOPLE)
        people = [{"id": n, "phone": f"+86139{n:08d}", "at": AT} for n in (*range(1, 12_001), 9_000_000)]
        with db.engine.begin() as connection:
            connection.execute(text(AUTH), people)
            connection.execute(text(INFO), people)
            connection.execute(text("UPDATE user_auth SET status = 'banned' WHERE id = 7"))
        yield bare_app


def read(statement: str) -> list[Any]:
    with db.engine.connect() as connection:
        return [*connection.execute(text(statement))]


def test_profiles_are_filled_a_part_at_a_time(before_people: Flask) -> None:
    sizes: list[int] = []

    def note(_connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("UPDATE user_info"):
            sizes.append(cursor.rowcount)

    engines = type(db.engine)
    event.listen(engines, "after_cursor_execute", note)
    flask_migrate.upgrade(directory=MIGRATIONS, revision=PEOPLE)
    event.remove(engines, "after_cursor_execute", note)
    assert (len(sizes), sum(sizes)) == (2, 12_001)
    assert read("SELECT user_id FROM user_info WHERE NOT is_active") == [(7,)]
    assert read(f"SELECT count(*) FROM user_info WHERE active_at = '{AT}'") == [(12_001,)]


def test_migration_that_failed_half_way_is_begun_again(before_people: Flask) -> None:
    """As on MySQL, which keeps the columns that were added."""
    with db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE user_info ADD COLUMN seeks_gender VARCHAR(16)"))
        connection.execute(text("ALTER TABLE user_info ADD COLUMN seeks_age_min INTEGER"))
    flask_migrate.upgrade(directory=MIGRATIONS, revision=PEOPLE)
    assert read("SELECT user_id FROM user_info WHERE NOT is_active") == [(7,)]


def test_migration_waits_longer_for_a_lock_than_a_request(empty: Settings) -> None:
    with migrating(empty) as connection:
        if connection.dialect.name == "mysql":
            assert connection.scalar(text("SELECT @@innodb_lock_wait_timeout")) == LOCK_PATIENCE > 2


PHOTO = (
    "INSERT INTO user_album (id, user_id, position, caption, url, state, upload_id, created_at)"
    " VALUES (:id, 1, :id, '', '/media/1.jpg', :state, :id, :at)"
)
UPLOAD = (
    "INSERT INTO upload (id, user_id, kind, state, content_type, size, incoming_key, created_at, expires_at, used_at)"
    " VALUES (:id, 1, 'photo', 'ready', 'image/jpeg', 1, :key, :at, :at, :at)"
)
OBJECT = "INSERT INTO stored_object (`key`, upload_id) VALUES (:key, :id)"


def test_downgrade_leaves_no_photo_that_others_must_not_see_and_lets_go_of_its_files(bare_app: Flask) -> None:
    with bare_app.app_context():
        flask_migrate.upgrade(directory=MIGRATIONS, revision=ALBUMS)
        states = enumerate(("approved", "pending", "refused"), 1)
        photos = [{"id": n, "state": state, "key": f"public/{n}.jpg", "at": AT} for n, state in states]
        with db.engine.begin() as connection:
            connection.execute(text(AUTH), {"id": 1, "phone": "+8613900000001", "at": AT})
            for statement in (UPLOAD, PHOTO, OBJECT):
                connection.execute(text(statement), photos)
        flask_migrate.downgrade(directory=MIGRATIONS, revision=BEFORE_ALBUMS)
        assert read("SELECT id FROM user_album") == [(1,)]
        kept = "SELECT id FROM upload WHERE state = 'ready' AND used_at IS NOT NULL AND delete_after IS NULL"
        assert read(kept) == [(1,)]
        assert read("SELECT count(*) FROM upload WHERE state = 'deleted' AND delete_after IS NOT NULL") == [(2,)]
        assert read("SELECT upload_id FROM stored_object WHERE delete_after IS NULL") == [(1,)]
