"""The login tokens of the peers: ``token:<sha256 hex>`` in Redis holds the user's id."""

import hashlib

import redis


def key_of(token: str) -> str:
    """Return the Redis key under which a token's user is kept."""
    return f"token:{hashlib.sha256(token.encode()).hexdigest()}"


def user_id_of(client: redis.Redis, token: str | None) -> int | None:
    """Return whose token this is, or None."""
    found = client.get(key_of(token)) if token else None
    return int(found) if found else None
