"""S3 and what speaks its protocol. Reading below ``public/`` is opened to everybody by a policy of the bucket."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Any, BinaryIO
from urllib.parse import quote

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from flask_api.providers.storage import Grant, ObjectMissing, check_key, content_type_of
from flask_api.providers.storage.remote_files import PIECE, asking, fetched
from flask_api.settings import Settings

FAILURES = (BotoCoreError, ClientError, OSError)
FOR_EVER = "public, max-age=31536000, immutable"  # a name is never given again


class S3Storage:
    """One bucket. boto3 signs, with version 4 of the signatures."""

    def __init__(self, settings: Settings) -> None:
        self._bucket = settings.s3_bucket
        self._public = settings.storage_public_url.rstrip("/")
        self._largest = settings.max_upload_size
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=settings.s3_endpoint or None,
            region_name=settings.s3_region,
            aws_access_key_id=settings.s3_access_key,
            aws_secret_access_key=settings.s3_secret_key,
            config=Config(
                signature_version="s3v4",
                connect_timeout=settings.outside_timeout,
                read_timeout=settings.outside_timeout,
                retries={"total_max_attempts": 1, "mode": "standard"},  # whoever asks, asks again
                proxies={},  # None would be those of the environment
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
        with asking(*FAILURES):
            try:
                return int(self._client.head_object(Bucket=self._bucket, Key=key)["ContentLength"])
            except ClientError as error:
                if _is_missing(error):
                    return None
                raise

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        with ExitStack() as stack:
            with asking(*FAILURES):
                try:
                    answer = self._client.get_object(Bucket=self._bucket, Key=key)
                except ClientError as error:
                    if _is_missing(error):
                        raise ObjectMissing(key) from None
                    raise
                with closing(answer["Body"]) as body:
                    file = stack.enter_context(fetched(body.iter_chunks(PIECE), self._largest))
            yield file

    def put(self, key: str, data: bytes | BinaryIO, *, content_type: str, public: bool) -> None:
        check_key(key, public=public)
        told = {"CacheControl": FOR_EVER} if public else {"ContentDisposition": "attachment"}
        with asking(*FAILURES):
            self._client.put_object(Bucket=self._bucket, Key=key, Body=data, ContentType=content_type, **told)

    def delete(self, keys: Sequence[str]) -> None:
        with asking(*FAILURES):
            for key in keys:  # one by one: for many at once some stores demand a checksum that boto3 does not send
                self._client.delete_object(Bucket=self._bucket, Key=key)

    def public_url(self, key: str) -> str:
        check_key(key, public=True)
        return f"{self._public}/{key}"

    def private_url(self, key: str, *, lifetime: int, filename: str) -> str:
        check_key(key, public=False)
        told = {
            "ResponseContentDisposition": f"attachment; filename*=UTF-8''{quote(filename, safe='')}",
            "ResponseContentType": content_type_of(key),
        }
        named = {"Bucket": self._bucket, "Key": key, **told}
        return str(self._client.generate_presigned_url("get_object", Params=named, ExpiresIn=lifetime))

    def key_in_callback(self, authorization: str, content_type: str, body: bytes) -> str | None:
        return None


def _is_missing(error: ClientError) -> bool:
    return error.response.get("Error", {}).get("Code") in ("404", "NoSuchKey")
