"""The local disk: clients send files to this server itself (server/uploads.py)."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import BinaryIO

from flask_api.providers.storage import Grant, check_key
from flask_api.providers.storage.local_files import COPY_SIZE, LocalFiles, PartialFile
from flask_api.providers.storage.signed_links import LinkSigner
from flask_api.settings import Settings


class LocalStorage:
    """Files in ``data_dir``. Several hosts have to share that folder."""

    def __init__(self, settings: Settings) -> None:
        self._files = LocalFiles(settings.data_dir)
        self._links = LinkSigner(settings.secret_key)
        self._server = settings.public_url.rstrip("/")
        self._media = settings.storage_public_url.rstrip("/") or f"{self._server}/media"

    def grant(self, key: str, *, content_type: str, size: int, lifetime: int) -> Grant:
        check_key(key, public=False)
        link = self._links.upload(key, size=size, content_type=content_type, lifetime=lifetime)
        return Grant("PUT", self._server + link, {"Content-Type": content_type})

    def size_of(self, key: str) -> int | None:
        path = self._files.path_of(key)
        return path.stat().st_size if path.exists() else None

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        with self._files.open(key) as file:
            yield file

    def put(self, key: str, data: bytes | BinaryIO, *, content_type: str, public: bool) -> None:
        check_key(key, public=public)
        source = BytesIO(data) if isinstance(data, bytes) else data
        partial = self._files.begin(key, len(data) if isinstance(data, bytes) else 0, replace=True)
        try:
            shutil.copyfileobj(source, _Sink(partial), COPY_SIZE)
            partial.finish()
        finally:
            partial.abandon()

    def delete(self, keys: Sequence[str]) -> None:
        self._files.delete(keys)

    def public_url(self, key: str) -> str:
        check_key(key, public=True)
        return f"{self._media}/{key}"

    def private_url(self, key: str, *, lifetime: int, filename: str) -> str:
        check_key(key, public=False)
        return self._server + self._links.file(key, filename=filename, lifetime=lifetime)

    def key_in_callback(self, authorization: str, content_type: str, body: bytes) -> str | None:
        return None


class _Sink:
    def __init__(self, partial: PartialFile) -> None:
        self.write = partial.write
