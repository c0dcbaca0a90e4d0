"""A multipart form that ends with a file, sent as it is read (RFC 7578)."""

import secrets
from collections.abc import Mapping
from io import BytesIO
from os import SEEK_END
from typing import BinaryIO


def size_left(file: BinaryIO) -> int:
    """Return how many bytes there are from where a file stands to its end."""
    begin = file.tell()
    size = file.seek(0, SEEK_END) - begin
    file.seek(begin)
    return size


class FileForm:
    """The body of a request, which asks for ``read``, and its length.

    Args:
        fields: what comes before the file.
        file: from where it stands to its end.
        content_type: of the file.
    """

    def __init__(self, fields: Mapping[str, str], file: BinaryIO, content_type: str) -> None:
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        named = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        file_head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\n'
        before = f"{named}{file_head}Content-Type: {content_type}\r\n\r\n".encode()
        after = f"\r\n--{boundary}--\r\n".encode()
        self._length = len(before) + size_left(file) + len(after)
        self._parts: list[BinaryIO] = [BytesIO(before), file, BytesIO(after)]

    def __len__(self) -> int:
        return self._length

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, ``size`` at most; none: that was all."""
        while self._parts:
            if piece := self._parts[0].read(size):
                return piece
            self._parts.pop(0)
        return b""
