"""Making, changing and rotating app keys. A secret is shown once, when it is made."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from flask_api.app_keys import signing_keys
from flask_api.app_keys.models import AppKey
from flask_api.audit import services as audit
from flask_api.core.database import now
from flask_api.core.encryption import encrypt
from flask_api.core.errors import NotFound
from flask_api.core.pagination import DEFAULT_LIMIT, Page, make_page, read_cursor
from flask_api.core.transaction import lock, transactional
from flask_api.extensions import db

APP_KEYS = "app_keys"  # names the list in its cursors
OVERLAP_HOURS = 7 * 24


class AppKeyNotFound(NotFound):
    status = "APP_KEY_NOT_FOUND"
    message = "There is no such app key."


@dataclass(frozen=True, slots=True)
class IssuedSecret:
    """An app key and its new secret, which nobody can read again."""

    app_key: AppKey
    secret: str


def list_app_keys(*, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page:
    """Return app keys, newest first."""
    query = select(AppKey).order_by(AppKey.id.desc()).limit(limit + 1)
    if cursor is not None:
        query = query.where(AppKey.id < read_cursor(APP_KEYS, cursor, [int])[0])
    return make_page(APP_KEYS, db.session.scalars(query).all(), limit, lambda key: [key.id])


@transactional
def create_app_key(
    name: str, *, allows_version_1: bool = False, requests_per_minute: int | None = None
) -> IssuedSecret:
    """Make an app key and its first secret."""
    secret = _new_secret()
    app_key = AppKey(
        appkey=secrets.token_hex(8),
        name=name,
        secret=encrypt(secret),
        allows_version_1=allows_version_1,
        requests_per_minute=requests_per_minute,
    )
    db.session.add(app_key)
    db.session.flush()
    audit.record(
        "app_key_created",
        app_key_id=app_key.id,
        name=name,
        allows_version_1=allows_version_1,
        requests_per_minute=requests_per_minute,
    )
    signing_keys.begin(app_key.appkey)
    return IssuedSecret(app_key, secret)


@transactional
def change_app_key(app_key_id: int, *, disabled: bool | None = None, **values: Any) -> AppKey:
    """Change an app key; disable it, or let it in again.

    Raises:
        AppKeyNotFound: there is none.
    """
    app_key = _locked(app_key_id)
    changes = {name: value for name, value in values.items() if value != getattr(app_key, name)}
    for name, value in changes.items():
        setattr(app_key, name, value)
    if changes:
        audit.record("app_key_changed", app_key_id=app_key_id, **changes)
    if disabled is not None and disabled != app_key.is_disabled:
        app_key.disabled_at = now() if disabled else None
        audit.record("app_key_disabled" if disabled else "app_key_enabled", app_key_id=app_key_id)
    return app_key


@transactional
def rotate_secret(app_key_id: int, *, overlap_hours: int = OVERLAP_HOURS) -> IssuedSecret:
    """Give an app key a new secret; the one before stays valid for some hours, and no other does.

    Raises:
        AppKeyNotFound: there is none.
    """
    app_key, secret = _locked(app_key_id), _new_secret()
    app_key.previous_secret = app_key.secret if overlap_hours else None
    app_key.previous_until = now() + timedelta(hours=overlap_hours) if overlap_hours else None
    app_key.secret = encrypt(secret)
    audit.record("app_key_rotated", app_key_id=app_key_id, overlap_hours=overlap_hours)
    return IssuedSecret(app_key, secret)


def find_app_key(appkey: str) -> AppKey:
    """Return the row of an app key.

    Raises:
        AppKeyNotFound: there is none.
    """
    app_key = db.session.scalar(select(AppKey).where(AppKey.appkey == appkey))
    if app_key is None:
        raise AppKeyNotFound
    return app_key


def _locked(app_key_id: int) -> AppKey:
    app_key = lock(AppKey, app_key_id)
    if app_key is None:
        raise AppKeyNotFound
    return app_key


def _new_secret() -> str:
    return secrets.token_urlsafe(32)
