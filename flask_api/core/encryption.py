"""Secrets that have to be read again, encrypted by a key from the settings: a copy of the database does not tell them.

Fernet (https://github.com/fernet/spec): AES-128-CBC and HMAC-SHA256. The first of ``encryption_keys`` encrypts, all of
them decrypt, so a key is changed by putting a new one in front.

What clients carry about without reading it, such as a cursor, is sealed: AES-SIV (RFC 5297), short and quick, by a key
from ``secret_key``. The same bytes are sealed alike.
"""

import base64
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from flask_api.extensions import settings

PURPOSE = b"Solo: secrets in the database"
SEALING = b"Solo: what clients carry"


class CannotDecrypt(Exception):
    """None of the keys in the settings is the one that it was encrypted with."""


def encrypt(text: str) -> str:
    """Return the text, encrypted; about 100 characters and a third more than the text has."""
    return _ciphers(settings.keys_of_encryption).encrypt(text.encode()).decode()


def decrypt(text: str) -> str:
    """Return what was encrypted.

    Raises:
        CannotDecrypt: not with these keys, or it was changed.
    """
    try:
        return _ciphers(settings.keys_of_encryption).decrypt(text.encode()).decode()
    except InvalidToken:
        raise CannotDecrypt from None


def seal(content: bytes) -> bytes:
    """Return the content, encrypted and 16 bytes longer; it must not be empty."""
    return _sealer(settings.secret_key).encrypt(content, None)


def unseal(sealed: bytes) -> bytes:
    """Return what was sealed.

    Raises:
        CannotDecrypt: not with this key, or it was changed.
    """
    try:
        return _sealer(settings.secret_key).decrypt(sealed, None)
    except InvalidTag:
        raise CannotDecrypt from None


@lru_cache(8)
def _sealer(key: str) -> AESSIV:
    return AESSIV(_derived(key, SEALING))


@lru_cache(8)
def _ciphers(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_derived(key))) for key in keys])


def _derived(key: str, purpose: bytes = PURPOSE) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(key.encode())
