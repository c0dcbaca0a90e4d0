"""Where files lie: one small interface; the local disk, Qiniu and S3 are behind it.

A key is a path such as ``incoming/3f/3f9c….jpg``. What begins with ``public/`` anybody may read who knows the address;
all else goes out by a signed address that ends. Names are random, so nothing is ever changed in place.
"""

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

from flask_api.core.errors import ApiError, ServiceUnavailable
from flask_api.providers.adapters import load_adapter
from flask_api.settings import Settings

PUBLIC = "public/"
CONTENT_TYPES = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".aac": "audio/aac",
    ".amr": "audio/amr",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".wav": "audio/wav",
    ".weba": "audio/webm",
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".json": "application/json",
    ".zip": "application/zip",
}
SUFFIXES = {content_type: suffix for suffix, content_type in CONTENT_TYPES.items()}
_KEY = re.compile(r"[a-z0-9_-]+(?:/[a-z0-9_-]+)+(?:\.[a-z0-9]{1,5})?")
_ADAPTERS = {"local": "LocalStorage", "qiniu": "QiniuStorage", "s3": "S3Storage"}


class StorageError(ServiceUnavailable):
    status = "STORAGE_ERROR"
    message = "The files cannot be reached; try again in a moment."


class StorageFull(ApiError):
    code = 507
    status = "STORAGE_FULL"
    message = "There is no room for this file."


class ObjectMissing(Exception):
    """There is no object of this key."""


@dataclass(frozen=True, slots=True)
class Grant:
    """How a client sends the bytes of one object: with this method and these headers to this address.

    Args:
        fields: those of a multipart form, before its last one, ``file``; empty: the body is the file.
    """

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)


class Storage(Protocol):
    """Keeps objects. What goes over the network is called outside of database transactions; ``grant`` and the
    addresses are only worked out.

    Every method that reaches out raises:
        StorageError: the storage cannot be reached, or does not do what is asked.
    """

    def grant(self, key: str, *, content_type: str, size: int, lifetime: int) -> Grant:
        """Allow a client to send one object of exactly this type and size within ``lifetime`` seconds."""

    def size_of(self, key: str) -> int | None:
        """Return the size of an object; None: it is not there."""

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Open an object for reading and seeking.

        Raises:
            ObjectMissing: it is not there.
        """

    def put(self, key: str, data: bytes | BinaryIO, *, content_type: str, public: bool) -> None:
        """Store an object; ``public`` has to be what its key says.

        Raises:
            StorageFull: there is no room.
        """

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects; those that are not there are passed over."""

    def public_url(self, key: str) -> str:
        """Return the address of a public object."""

    def private_url(self, key: str, *, lifetime: int, filename: str) -> str:
        """Return an address that is good for ``lifetime`` seconds and downloads the object under this name."""

    def key_in_callback(self, authorization: str, content_type: str, body: bytes) -> str | None:
        """Return the key that a call of the storage names; None: the call is not one of this storage's own."""


def check_key(key: str, *, public: bool | None = None) -> None:
    """Refuse what is no key, or is kept in the other part.

    Raises:
        ValueError: a key of ours would be.
    """
    if not _KEY.fullmatch(key) or (public is not None and key.startswith(PUBLIC) is not public):
        raise ValueError(f"not a key for this: {key!r}")


def content_type_of(key: str) -> str:
    """Return the type that a key's ending tells of."""
    return CONTENT_TYPES.get(key[key.rfind(".") :], "application/octet-stream")


def make_storage(settings: Settings) -> Storage:
    """Return the storage that the settings name. The vendors' packages are loaded only for who uses them.

    Raises:
        SettingsError: they are not installed.
    """
    name = settings.storage_provider
    module = load_adapter(f"{__name__}.{name}", setting="storage_provider", value=name)
    adapter: Any = getattr(module, _ADAPTERS[name])
    storage: Storage = adapter(settings)
    return storage
