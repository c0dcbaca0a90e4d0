"""Qiniu Kodo: a public bucket for what anybody may see, a private one for all else.

Qiniu's own library signs and checks signatures. What is asked of Qiniu goes through our own calls, since that library
keeps its time-outs in one place for the whole process and reads files into memory.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from json import loads
from typing import Any, BinaryIO
from urllib.parse import parse_qs, quote

import requests
from qiniu import Auth
from qiniu.auth import RequestsAuth
from qiniu.utils import entry

from flask_api.providers.outside import MAX_BYTES, OutsideError
from flask_api.providers.storage import (
    PUBLIC,
    Grant,
    ObjectMissing,
    StorageError,
    check_key,
)
from flask_api.providers.storage.file_form import FileForm
from flask_api.providers.storage.remote_files import PIECE, SERVICE, asking, fetched
from flask_api.settings import Settings

CALLBACK_PATH = "/api/v1/uploads/qiniu-callback"
CALLBACK_BODY = "key=$(key)&size=$(fsize)&type=$(mimeType)"
FORM = "application/x-www-form-urlencoded"
MANAGEMENT = "https://rs.qiniuapi.com"
OWN_UPLOAD_SECONDS = 600
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
        status, told = self._manage("GET", "stat", key)
        if status == GONE:
            return None
        try:
            return int(loads(told)["fsize"])
        except (ValueError, KeyError, TypeError) as error:
            raise StorageError from error

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        url = self._auth.private_download_url(f"{self._base(key)}/{key}", expires=300)
        with ExitStack() as stack:
            with self._asked("GET", url) as answer:
                if answer.status_code == 404:
                    raise ObjectMissing(key)
                if answer.status_code != 200:
                    raise OutsideError(SERVICE, "status", details=str(answer.status_code))
                file = stack.enter_context(fetched(answer.iter_content(PIECE), self._largest))
            yield file

    def put(self, key: str, data: bytes | BinaryIO, *, content_type: str, public: bool) -> None:
        check_key(key, public=public)
        token = self._auth.upload_token(self._bucket(key), key, OWN_UPLOAD_SECONDS)
        form = FileForm({"token": token, "key": key}, data, content_type)
        headers = {"Content-Type": form.content_type}
        with self._asked("POST", self._upload_url, data=form, headers=headers) as answer:
            if answer.status_code != 200:
                raise OutsideError(SERVICE, "status", details=str(answer.status_code))

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

    @contextmanager
    def _asked(self, method: str, url: str, **told: Any) -> Iterator[requests.Response]:
        """Ask; what comes back is read by the caller, within."""
        with asking(requests.RequestException), requests.Session() as session:
            session.trust_env = False  # no proxy, no password of the environment
            with session.request(
                method, url, timeout=self._timeout, allow_redirects=False, stream=True, **told
            ) as answer:
                yield answer

    def _manage(self, method: str, verb: str, key: str) -> tuple[int, bytes]:
        """Have something done with an object; return status, 200 or ``GONE``, and what was answered."""
        url = f"{self._management}/{verb}/{entry(self._bucket(key), key)}"
        with self._asked(method, url, auth=RequestsAuth(self._auth)) as answer:
            if answer.status_code not in (200, GONE):
                raise OutsideError(SERVICE, "status", details=str(answer.status_code))
            with fetched(answer.iter_content(PIECE), MAX_BYTES) as told:
                return answer.status_code, told.read()
