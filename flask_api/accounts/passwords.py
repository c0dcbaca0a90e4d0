"""Passwords, hashed with Argon2id (RFC 9106, the low-memory profile: 64 MiB, 3 passes)."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 8
MAX_LENGTH = 128

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """Return the salted hash of a password."""
    return _hasher.hash(password)


def is_right(password: str, password_hash: str | None) -> bool:
    """Tell whether the password belongs to the hash; without a hash it takes as long and says no."""
    try:
        return _hasher.verify(password_hash or _nobodys_hash(), password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Tell whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("a password that nobody has")
