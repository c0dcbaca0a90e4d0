"""What core/signing.py needs of an app key: read anew for each signed request, so that a change holds at once."""

import logging
from functools import lru_cache

from sqlalchemy import bindparam, select

from flask_api.app_keys.models import AppKey
from flask_api.core import encryption, nonces
from flask_api.core.database import now
from flask_api.core.signing import SigningKey, finder
from flask_api.core.transaction import rows
from flask_api.setting_kinds import Quota

log = logging.getLogger(__name__)

VALID = select(
    AppKey.appkey,
    AppKey.secret,
    AppKey.previous_secret,
    AppKey.previous_until,
    AppKey.allows_version_1,
    AppKey.requests_per_minute,
)
VALID = VALID.where(AppKey.appkey == bindparam("appkey"), AppKey.disabled_at.is_(None))


@finder
def find_signing_key(appkey: str) -> SigningKey | None:
    """Return the key of a client app; None if there is none, or it is disabled."""
    found = rows(VALID, appkey=appkey)
    if not found:
        return None
    row = found[0]
    valid_secrets = [row.secret]
    if row.previous_secret is not None and row.previous_until > now():
        valid_secrets.append(row.previous_secret)
    try:
        in_clear = tuple(map(_decrypted, valid_secrets))
    except encryption.CannotDecrypt:
        log.error("no key of SOLO_ENCRYPTION_KEYS decrypts the secrets of app key %s", appkey)
        return None
    return SigningKey(
        row.appkey,
        in_clear,
        bool(row.allows_version_1),
        Quota(row.requests_per_minute, 60) if row.requests_per_minute else None,
    )


def begin(appkey: str) -> None:
    """Let a new app key's first request be accepted at once."""
    nonces.open_store(appkey)


@lru_cache(256)
def _decrypted(secret: str) -> str:
    return encryption.decrypt(secret)
