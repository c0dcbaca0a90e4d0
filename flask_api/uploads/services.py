"""Uploads: the rules. After a grant (grants.py) come the bytes, a look at them, and somebody who uses what was made."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, select

from flask_api.core import personal_data
from flask_api.core.database import now
from flask_api.core.errors import Conflict, NotFound, Unauthorized
from flask_api.core.pagination import DEFAULT_LIMIT, Page, make_page, newest_first, read_cursor
from flask_api.core.transaction import lock, rows, transactional
from flask_api.uploads import objects
from flask_api.uploads.kinds import KINDS
from flask_api.uploads.models import DELETED, Upload
from flask_api.uploads.objects import KEPT, MARGIN, storage
from flask_api.uploads.processing import process

UPLOADS = "uploads"  # names the list in its cursors
LINK_SECONDS = 3600  # how long the address of a private file is good
DAY = timedelta(days=1)


class UploadNotFound(NotFound):
    status = "UPLOAD_NOT_FOUND"
    message = "You have no such upload."


class UploadNotArrived(Conflict):
    status = "UPLOAD_NOT_ARRIVED"
    message = "The file is not here; send it to the address that was granted."


class UploadNotReady(Conflict):
    status = "UPLOAD_NOT_READY"
    message = "This upload cannot be used: it is not ready, or of another kind."


class UploadInUse(Conflict):
    status = "UPLOAD_IN_USE"
    message = "This upload is used elsewhere; take it away there."


class CallbackInvalid(Unauthorized):
    status = "CALLBACK_INVALID"
    message = "This does not come from the storage."
    challenge = "QBox"


@dataclass(frozen=True, slots=True)
class ShownUpload:
    """An upload as its owner sees it; addresses only once it is ready."""

    id: int
    kind: str
    state: str
    reason: str | None
    content_type: str
    size: int
    width: int | None
    height: int | None
    url: str | None
    thumbnail_url: str | None
    is_used: bool
    created_at: datetime


MINE = select(Upload.__table__).where(Upload.user_id == bindparam("user_id"), Upload.state != DELETED)
ONE_OF_MINE = MINE.where(Upload.id == bindparam("upload_id"))
INCOMING = select(Upload.id, Upload.user_id).where(Upload.incoming_key == bindparam("key"))


def get_upload(user_id: int, upload_id: int) -> ShownUpload:
    """Return an upload of mine.

    Raises:
        UploadNotFound: it is not there, or not mine.
    """
    found = rows(ONE_OF_MINE, user_id=user_id, upload_id=upload_id)
    if not found:
        raise UploadNotFound
    return _shown(found[0])


def list_uploads(user_id: int, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page:
    """Return my uploads, newest first."""
    after = None if cursor is None else read_cursor(UPLOADS, cursor, [int])
    query = select(Upload.__table__).where(Upload.state != DELETED).limit(limit + 1)
    page = make_page(
        UPLOADS,
        rows(newest_first(query, Upload.id, equal={Upload.user_id: user_id}, after=after)),
        limit,
        lambda row: [row.id],
    )
    return Page([_shown(row) for row in page.items], page.next_cursor)


def complete_upload(user_id: int, upload_id: int) -> ShownUpload:
    """Say that the file was sent; it is looked at in the background. Saying so again does no harm.

    Raises:
        UploadNotFound: it is not there, or not mine.
        UploadNotArrived: the file is not there.
        StorageError: the storage cannot be asked.
    """
    found = rows(ONE_OF_MINE, user_id=user_id, upload_id=upload_id)
    if not found:
        raise UploadNotFound
    if found[0].state == "granted":
        size = storage().size_of(found[0].incoming_key)
        if size is None:
            raise UploadNotArrived
        _begin_processing(upload_id, size)
    return get_upload(user_id, upload_id)


def take_callback(authorization: str, content_type: str, body: bytes) -> ShownUpload:
    """Take the storage's own word that a file has arrived: the same as if its owner said so.

    Raises:
        CallbackInvalid: it is not the storage's word.
        UploadNotFound, UploadNotArrived, StorageError: see :func:`complete_upload`.
    """
    key = storage().key_in_callback(authorization, content_type, body)
    if key is None:
        raise CallbackInvalid
    found = rows(INCOMING, key=key)
    if not found:
        raise UploadNotFound
    return complete_upload(found[0].user_id, found[0].id)


@transactional
def delete_upload(user_id: int, upload_id: int) -> None:
    """Delete an upload of mine that nothing uses.

    Raises:
        UploadNotFound: it is not there, or not mine.
        UploadInUse: something uses it.
    """
    upload = _locked(user_id, upload_id)
    if upload.used_at is not None:
        raise UploadInUse
    _discard(upload)


@transactional
def use(user_id: int, upload_id: int, kind: str) -> Upload:
    """Take an upload into use, which keeps it until :func:`release`; may be called again.

    Raises:
        UploadNotFound: it is not there, or not this user's.
        UploadNotReady: it is not ready, or not of this kind.
    """
    upload = _locked(user_id, upload_id)
    if upload.state != "ready" or upload.kind != kind:
        raise UploadNotReady
    if upload.delete_after is not None and upload.delete_after <= now():
        raise UploadNotFound
    upload.used_at, upload.delete_after = upload.used_at or now(), None
    objects.keep_until(upload.id, None, keys=[key for key in (upload.key, upload.thumbnail_key) if key])
    return upload


@transactional
def release(upload: Upload) -> None:
    """Let go of an upload that was in use: nothing needs it any more."""
    upload.used_at = None
    _discard(upload)


@transactional
def _begin_processing(upload_id: int, size: int) -> None:
    upload = lock(Upload, upload_id)
    if upload is None or upload.state != "granted":
        return
    ends = now() + KEPT
    upload.delete_after = max(ends, upload.created_at + DAY) + MARGIN
    if size != upload.size:
        upload.state, upload.reason = "refused", "wrong_size"
        return
    upload.state = "processing"
    objects.keep_until(upload_id, ends + MARGIN)
    process(upload_id=upload_id)


def _locked(user_id: int, upload_id: int) -> Upload:
    upload = lock(Upload, upload_id)
    if upload is None or upload.user_id != user_id or upload.state == DELETED:
        raise UploadNotFound
    return upload


def _discard(upload: Upload) -> None:
    """Have its objects deleted. The row counts for the day in which it was sent, so it stays as long."""
    upload.state = DELETED
    upload.delete_after = max(now(), upload.created_at + DAY)
    kept = [key for key in (upload.key, upload.thumbnail_key) if key]
    objects.keep_until(upload.id, now(), keys=kept)
    objects.keep_until(upload.id, upload.expires_at + 2 * MARGIN, keys=[upload.incoming_key])
    objects.sweep()


def _shown(row: Row[Any]) -> ShownUpload:
    url = thumbnail_url = None
    if row.state == "ready":
        if KINDS[row.kind].is_image:
            url, thumbnail_url = storage().public_url(row.key), storage().public_url(row.thumbnail_key)
        else:
            url = storage().private_url(row.key, lifetime=LINK_SECONDS, filename=_filename(row))
    return ShownUpload(
        row.id, row.kind, row.state, row.reason, row.content_type, row.size, row.width, row.height,
        url, thumbnail_url, row.used_at is not None, row.created_at,
    )  # fmt: skip


def _export(user_id: int) -> list[dict[str, Any]]:
    return [asdict(_shown(row)) for row in rows(MINE.order_by(Upload.id), user_id=user_id)]


def _files(user_id: int) -> list[tuple[str, str]]:
    ready = MINE.where(Upload.state == "ready").order_by(Upload.id)
    return [(_filename(row), row.key) for row in rows(ready, user_id=user_id)]


def _filename(row: Row[Any]) -> str:
    return f"{row.kind}-{row.id}.{row.key.rpartition('.')[2]}"


personal_data.register("uploads", export=_export, erase=objects.drop_all_of, files=_files)
