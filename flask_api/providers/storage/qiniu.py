"""Qiniu Kodo: a public bucket for what anybody may see, a private one for all else.

Qiniu's own library signs and checks signatures. ``fetch`` carries what is asked of Qiniu, since that library keeps its
time-outs, which are for each read, in one place for the whole process, and reads files into memory.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from json import loads
from typing import Any, BinaryIO
from urllib.parse import parse_qs, quote

from qiniu import Auth
from qiniu.utils import entry

from flask_api.providers.outside import OutsideAnswer
from flask_api.providers.storage import PUBLIC, Grant, ObjectMissing, StorageError, check_key
from flask_api.providers.storage.file_form import FileForm, size_left
from flask_api.providers.storage.remote_files import SIGNED_SECONDS, SLOWEST, ask, fetched
from flask_api.settings import Settings

CALLBACK_PATH = "/api/v1/uploads/qiniu-callback"
CALLBACK_BODY = "key=$(key)&size=$(fsize)&type=$(mimeType)"
FORM = "application/x-www-form-urlencoded"
MANAGEMENT = "https://rs.qiniuapi.com"
GONE = 612  # Qiniu's status for what is not there; 404 is an address that it does not know


class QiniuStorage:
    """Two buckets, of one region."""

    def __init__(self, settings: Settings) -> None:
        self._auth = Auth(settings.qiniu_access_key, settings.qiniu_secret_key)
        self._public_bucket, self._private_bucket = settings.qiniu_bucket, settings.qiniu_private_bucket
        self._public, self._private = settings.storage_public_url.rstrip("/"), settings.qiniu_private_url.rstrip("/")
        self._upload_url = settings.qiniu_upload_url
        self._management = (settings.qiniu_endpoint or MANAGEMENT).rstrip("/")
        self._callback = settings.public_url and settings.public_url.rstrip("/") + CALLBACK_PATH
        self._timeout = settings.outside_timeout
        self._largest = settings.max_upload_size

    def grant(self, key: str, *, content_type: str, size: int, lifetime: int) -> Grant:
        check_key(key, public=False)
        policy: dict[str, Any] = {"fsizeMin": size, "fsizeLimit": size, "mimeLimit": content_type, "insertOnly": 1}
        if self._callback:
            # The signature of a callback covers a form, and not JSON.
            policy |= {"callbackUrl": self._callback, "callbackBody": CALLBACK_BODY, "callbackBodyType": FORM}
        token = self._auth.upload_token(self._bucket(key), key, lifetime, policy)
        return Grant("POST", self._upload_url, fields={"token": token, "key": key})

    def size_of(self, key: str) -> int | None:
        answer = self._manage("GET", "stat", key)
        if answer.status == GONE:
            return None
        try:
            return int(loads(answer.body)["fsize"])
        except (ValueError, KeyError, TypeError) as error:
            raise StorageError from error

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        url = self._auth.private_download_url(f"{self._base(key)}/{key}", expires=SIGNED_SECONDS)
        with fetched(url, largest=self._largest, timeout=self._timeout) as (status, file):
            if status == 404:
                raise ObjectMissing(key)
            yield file

    def put(self, key: str, data: bytes | BinaryIO, *, content_type: str, public: bool) -> None:
        check_key(key, public=public)
        file = BytesIO(data) if isinstance(data, bytes) else data
        lifetime = SIGNED_SECONDS + size_left(file) // SLOWEST  # Qiniu may look at its end
        token = self._auth.upload_token(self._bucket(key), key, lifetime)
        form = FileForm({"token": token, "key": key}, file, content_type)
        headers = {"Content-Type": form.content_type, "Content-Length": str(len(form))}
        to, seconds = self._upload_url, self._timeout
        ask("POST", to, accepted=(200,), timeout=seconds, headers=headers, body=form, slowest=SLOWEST)

    def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._manage("POST", "delete", key)

    def public_url(self, key: str) -> str:
        check_key(key, public=True)
        return f"{self._public}/{key}"

    def private_url(self, key: str, *, lifetime: int, filename: str) -> str:
        check_key(key, public=False)
        return str(
            self._auth.private_download_url(f"{self._private}/{key}?attname={quote(filename, safe='')}", lifetime)
        )

    def key_in_callback(self, authorization: str, content_type: str, body: bytes) -> str | None:
        if not self._callback or content_type != FORM or not body.isascii():
            return None  # of another type the signature would not cover the body
        text = body.decode()
        if not self._auth.verify_callback(authorization, self._callback, text, FORM, method="POST"):
            return None
        return parse_qs(text).get("key", [None])[0]

    def _bucket(self, key: str) -> str:
        return self._public_bucket if key.startswith(PUBLIC) else self._private_bucket

    def _base(self, key: str) -> str:
        return self._public if key.startswith(PUBLIC) else self._private

    def _manage(self, method: str, verb: str, key: str) -> OutsideAnswer:
        """Have something done with an object; return an answer of the status 200 or ``GONE``."""
        url = f"{self._management}/{verb}/{entry(self._bucket(key), key)}"
        headers = {"Authorization": f"QBox {self._auth.token_of_request(url)}"}
        return ask(method, url, headers=headers, accepted=(200, GONE), timeout=self._timeout)
