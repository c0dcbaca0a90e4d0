"""Secrets that have to be read again, encrypted by a key from the settings: a copy of the database does not tell them.

Fernet (https://github.com/fernet/spec): AES-128-CBC and HMAC-SHA256. The first of ``encryption_keys`` encrypts, all of
them decrypt, so a key is changed by putting a new one in front.
"""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from flask_api.extensions import settings

PURPOSE = b"Solo: secrets in the database"


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


@lru_cache(8)
def _ciphers(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_derived(key))) for key in keys])


def _derived(key: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(key.encode())
