"""Addresses of this server that are good for one thing and end: the local storage makes them, the server reads them.

The signature, the last parameter, is over all before it, to the letter: path and query.
"""

import hashlib
import hmac
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from flask_api.core.errors import Forbidden

UPLOADS, FILES = "/uploads/", "/files/"
_PURPOSE = b"link:"
_MARK = "&signature="


class LinkInvalid(Forbidden):
    status = "LINK_INVALID"
    message = "This address is not valid, or no longer; ask for a new one."


@dataclass(frozen=True, slots=True)
class UploadLink:
    """What may be sent to an address: this key, of this size (bytes)."""

    key: str
    size: int


@dataclass(frozen=True, slots=True)
class FileLink:
    """What may be read at an address, and the name to save it under."""

    key: str
    filename: str


class LinkSigner:
    """Makes and reads such addresses; ``secret`` is the one of the settings."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def upload(self, key: str, *, size: int, content_type: str, lifetime: int) -> str:
        """Return path and query to which one file may be sent within ``lifetime`` seconds."""
        return self._signed(UPLOADS + key, lifetime, size=str(size), type=content_type)

    def file(self, key: str, *, filename: str, lifetime: int) -> str:
        """Return path and query at which one file can be read for ``lifetime`` seconds."""
        return self._signed(FILES + key, lifetime, name=filename)

    def read_upload(self, path: str, query: str) -> UploadLink:
        """Return what may be sent to this address.

        Raises:
            LinkInvalid: we did not make it so, or its time is over.
        """
        values = self._read(path, query)
        return UploadLink(path.removeprefix(UPLOADS), int(values["size"]))

    def read_file(self, path: str, query: str) -> FileLink:
        """Return what may be read at this address.

        Raises:
            LinkInvalid: we did not make it so, or its time is over.
        """
        return FileLink(path.removeprefix(FILES), self._read(path, query)["name"])

    def _signed(self, path: str, lifetime: int, **values: str) -> str:
        text = f"{path}?{urlencode({'expires': int(time.time()) + lifetime, **values})}"
        return f"{text}{_MARK}{self._signature(text)}"

    def _read(self, path: str, query: str) -> dict[str, str]:
        told, _, signature = query.rpartition(_MARK)
        expected = self._signature(f"{path}?{told}")
        if not hmac.compare_digest(signature.encode("latin-1", "replace"), expected.encode()):
            raise LinkInvalid
        values = dict(parse_qsl(told, keep_blank_values=True))
        if int(values["expires"]) < time.time():
            raise LinkInvalid
        return values

    def _signature(self, text: str) -> str:
        digest = hmac.digest(self._secret, _PURPOSE + text.encode("latin-1", "replace"), hashlib.sha256)
        return urlsafe_b64encode(digest).rstrip(b"=").decode()
