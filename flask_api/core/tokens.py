"""Login tokens in Redis: random, stored as SHA-256 only, one record each, listed per user.

A token reads ``<user id>.<43 random characters>``. The id tells where to look; the randomness (256 bits) proves.
A token is dead when its record is gone, or when its generation is not the user's: a change of password, a ban or a
deletion raises the user's generation in the same commit, so nothing has to be cleaned up for it to hold.
"""

import hashlib
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from flask_api.core import redis_keys
from flask_api.extensions import redis, redis_trips, settings

NOTED_FOR = 86400  # seconds; a job brings what is noted to the database each minute
RENEW_AFTER = 1 / 48  # of a lifetime: a token in use gets a full lifetime again, at most this often


@dataclass(frozen=True, slots=True)
class Token:
    """What Redis keeps of a token. Times are Unix seconds."""

    user_id: int
    digest: str
    generation: int
    created_at: int
    renewed_at: int
    device: str
    address: str

    @property
    def session_id(self) -> int:
        """A number that names the login in lists; 52 bits, so that JavaScript can hold it."""
        return int(self.digest[:13], 16)

    @property
    def key(self) -> str:
        return redis_keys.token(self.user_id, self.digest)

    def record(self) -> bytes:
        """What is stored."""
        return orjson.dumps(
            {
                "generation": self.generation,
                "created_at": self.created_at,
                "renewed_at": self.renewed_at,
                "device": self.device,
                "address": self.address,
            }
        )

    def described(self) -> dict[str, Any]:
        """What its owner may know of it."""
        created = datetime.fromtimestamp(self.created_at, UTC)
        return {"id": self.session_id, "device": self.device, "address": self.address, "created_at": created}


def locate(text: str) -> tuple[int, str] | None:
    """Return the user id and digest that a token's text names, or None when it cannot be a token."""
    head, _, tail = text.partition(".")
    if not (tail and head.isascii() and head.isdigit() and len(head) <= 18 and text.isascii()):
        return None
    return int(head), digest_of(text)


def digest_of(text: str) -> str:
    """Return by what a token is stored, which tells nothing of its text."""
    return hashlib.sha256(text.encode()).hexdigest()


def read(user_id: int, digest: str, kept: bytes) -> Token:
    """Return the token whose record is ``kept``."""
    kept_fields: dict[str, Any] = orjson.loads(kept)  # another release may keep more
    return Token(
        user_id,
        digest,
        kept_fields["generation"],
        kept_fields["created_at"],
        kept_fields["renewed_at"],
        kept_fields["device"],
        kept_fields["address"],
    )


def issue(user_id: int, generation: int, *, device: str, address: str) -> str:
    """Store a new token and return its text; the oldest logins beyond ``settings.max_sessions`` end."""
    text = f"{user_id}.{secrets.token_urlsafe(32)}"
    present = int(time.time())
    digest = digest_of(text)
    _store(Token(user_id, digest, generation, present, present, device[:200], address))
    note_use(user_id)
    sessions = redis_keys.sessions(user_id)
    redis.zremrangebyscore(sessions, "-inf", present)
    surplus = [member.decode() for member in redis.zrange(sessions, 0, -settings.max_sessions - 1)]
    if ended := [other for other in surplus if other != digest]:
        _forget(user_id, ended)
    return text


def note_use(user_id: int) -> None:
    """Note that somebody is here; what becomes of it: search/activity.py."""
    noted = ("ZADD", redis_keys.active(), int(time.time()), user_id)
    redis_trips.ask(noted, ("EXPIRE", redis_keys.active(), NOTED_FOR))


def renew(token: Token, generation: int | None = None) -> Token:
    """Give the token a full lifetime again, and a new generation if one is named."""
    renewed = Token(
        token.user_id,
        token.digest,
        token.generation if generation is None else generation,
        token.created_at,
        int(time.time()),
        token.device,
        token.address,
    )
    _store(renewed, only_if_alive=True)  # a logout that came in between wins
    return renewed


def needs_renewal(token: Token, lifetime: int) -> bool:
    """Tell whether the token, which lives so many seconds, was last renewed so long ago that it is worth a write."""
    return time.time() - token.renewed_at > lifetime * RENEW_AFTER


def list_tokens(user_id: int) -> list[Token]:
    """Return the user's tokens, the one used last first."""
    digests = [member.decode() for member in redis.zrevrange(redis_keys.sessions(user_id), 0, -1)]
    if not digests:
        return []
    kept = redis.mget([redis_keys.token(user_id, digest) for digest in digests])
    return [read(user_id, digest, record) for digest, record in zip(digests, kept, strict=True) if record]


def end(tokens: list[Token]) -> None:
    """End these logins, all of one user, at once."""
    if tokens:
        _forget(tokens[0].user_id, [token.digest for token in tokens])


def _store(token: Token, only_if_alive: bool = False) -> None:
    lifetime = settings.token_lifetime
    with redis.pipeline(transaction=True) as pipe:
        pipe.set(token.key, token.record(), ex=lifetime, xx=only_if_alive)
        pipe.zadd(redis_keys.sessions(token.user_id), {token.digest: time.time() + lifetime}, xx=only_if_alive)
        pipe.expire(redis_keys.sessions(token.user_id), lifetime)
        pipe.execute()


def _forget(user_id: int, digests: list[str]) -> None:
    with redis.pipeline(transaction=True) as pipe:
        pipe.delete(*[redis_keys.token(user_id, digest) for digest in digests])
        pipe.zrem(redis_keys.sessions(user_id), *digests)
        pipe.execute()
