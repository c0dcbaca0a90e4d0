"""S3 and what speaks its protocol. Reading below ``public/`` is opened to everybody by a policy of the bucket.

boto3 signs, ``fetch`` carries: boto3's own transport bounds each read from the network, but no call as a whole.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any, BinaryIO
from urllib.parse import quote

import boto3
from botocore.config import Config

from flask_api.providers.outside import MAX_BYTES, OutsideAnswer
from flask_api.providers.storage import Grant, ObjectMissing, StorageError, check_key, content_type_of
from flask_api.providers.storage.file_form import size_left
from flask_api.providers.storage.remote_files import SIGNED_SECONDS, SLOWEST, ask, fetched
from flask_api.settings import Settings

FOR_EVER = "public, max-age=31536000, immutable"  # a name is never given again
HEADERS = {"ContentType": "Content-Type", "CacheControl": "Cache-Control", "ContentDisposition": "Content-Disposition"}
MISSING = b"<Code>NoSuchKey<"  # in the body of a 404; another tells that there is no such bucket


class S3Storage:
    """One bucket. boto3 signs, with version 4 of the signatures."""

    def __init__(self, settings: Settings) -> None:
        self._bucket = settings.s3_bucket
        self._public = settings.storage_public_url.rstrip("/")
        self._largest = settings.max_upload_size
        self._timeout = settings.outside_timeout
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=settings.s3_endpoint or None,
            region_name=settings.s3_region,
            aws_access_key_id=settings.s3_access_key,
            aws_secret_access_key=settings.s3_secret_key,
            config=Config(
                signature_version="s3v4",
                # At AWS the region's own address: what is for all of them sends on, to where no signature is good.
                s3={} if settings.s3_endpoint else {"addressing_style": "virtual"},
                # What only speaks the protocol does not know AWS's newer checksums.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def grant(self, key: str, *, content_type: str, size: int, lifetime: int) -> Grant:
        check_key(key, public=False)
        form = self._client.generate_presigned_post(
            self._bucket,
            key,
            Fields={"Content-Type": content_type},
            Conditions=[{"Content-Type": content_type}, ["content-length-range", size, size]],
            ExpiresIn=lifetime,
        )
        return Grant("POST", form["url"], fields=form["fields"])

    def size_of(self, key: str) -> int | None:
        answer = self._ask("HEAD", self._signed("head_object", key), accepted=(200, 404))
        if answer.status == 404:
            return None
        try:
            return int(answer.headers["Content-Length"])
        except (KeyError, ValueError) as error:
            raise StorageError from error

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        url = self._signed("get_object", key)
        with fetched(url, largest=self._largest, timeout=self._timeout) as (status, file):
            if status == 404:
                raise ObjectMissing(key) if MISSING in file.read(MAX_BYTES) else StorageError
            yield file

    def put(self, key: str, data: bytes | BinaryIO, *, content_type: str, public: bool) -> None:
        check_key(key, public=public)
        told = {"CacheControl": FOR_EVER} if public else {"ContentDisposition": "attachment"}
        told["ContentType"] = content_type
        file = BytesIO(data) if isinstance(data, bytes) else data
        headers = {HEADERS[name]: value for name, value in told.items()} | {"Content-Length": str(size_left(file))}
        url = self._signed("put_object", key, **told)
        self._ask("PUT", url, accepted=(200,), headers=headers, body=file, slowest=SLOWEST)

    def delete(self, keys: Sequence[str]) -> None:
        for key in keys:  # one by one: for many at once some stores demand a checksum that boto3 does not send
            answer = self._ask("DELETE", self._signed("delete_object", key), accepted=(200, 204, 404))
            if answer.status == 404 and MISSING not in answer.body:
                raise StorageError

    def public_url(self, key: str) -> str:
        check_key(key, public=True)
        return f"{self._public}/{key}"

    def private_url(self, key: str, *, lifetime: int, filename: str) -> str:
        check_key(key, public=False)
        told = {
            "ResponseContentDisposition": f"attachment; filename*=UTF-8''{quote(filename, safe='')}",
            "ResponseContentType": content_type_of(key),
        }
        return self._signed("get_object", key, lifetime, **told)

    def key_in_callback(self, authorization: str, content_type: str, body: bytes) -> str | None:
        return None

    def _signed(self, operation: str, key: str, lifetime: int = SIGNED_SECONDS, /, **told: str) -> str:
        named = {"Bucket": self._bucket, "Key": key, **told}
        return str(self._client.generate_presigned_url(operation, Params=named, ExpiresIn=lifetime))

    def _ask(self, method: str, url: str, **told: Any) -> OutsideAnswer:
        return ask(method, url, timeout=self._timeout, **told)
