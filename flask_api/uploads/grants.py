"""Allowing a user to send one file: what may be sent, and how much of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select

from flask_api.core.database import now
from flask_api.core.errors import InvalidField, TooManyRequests
from flask_api.core.transaction import rows, transactional
from flask_api.extensions import db, settings
from flask_api.uploads.kinds import KINDS
from flask_api.uploads.models import Upload
from flask_api.uploads.objects import MARGIN, new_key, plan, storage
from flask_api.users.services import lock_user

GRANT_SECONDS = 3600
MOST_UNFINISHED = 10
# Of one user within a day; what was deleted counts as well.
MOST_BYTES = 1024**3
MOST_UPLOADS = 500
DAY = timedelta(days=1)


class TooManyUploads(TooManyRequests):
    status = "TOO_MANY_UPLOADS"
    message = "You have begun many uploads, or sent much within a day; finish those, or come back later."
    retry_after = 3600


@dataclass(frozen=True, slots=True)
class GrantedUpload:
    """How to send the file."""

    id: int
    method: str
    url: str
    headers: dict[str, str]
    fields: dict[str, str]
    expires_at: datetime


UNFINISHED = select(func.count()).where(
    Upload.user_id == bindparam("user_id"), Upload.state == "granted", Upload.expires_at > bindparam("present")
)
SENT_TODAY = select(func.count(), func.coalesce(func.sum(Upload.size), 0)).where(
    Upload.user_id == bindparam("user_id"), Upload.created_at > bindparam("since")
)


@transactional
def create_upload(user_id: int, *, kind: str, size: int, content_type: str) -> GrantedUpload:
    """Allow a user to send one file.

    Raises:
        InvalidField: the kind has no such type, or none so large.
        TooManyUploads: too many are unfinished, or too much was sent within a day.
    """
    _check_fits(kind, size, content_type)
    lock_user(user_id)
    _check_budget(user_id, size)
    key, present = new_key("incoming"), now()
    ends = present + timedelta(seconds=GRANT_SECONDS)
    upload = Upload(
        user_id=user_id, kind=kind, size=size, content_type=content_type, incoming_key=key,
        expires_at=ends, delete_after=present + DAY + MARGIN,
    )  # fmt: skip
    db.session.add(upload)
    db.session.flush()
    plan([key], upload_id=upload.id, delete_after=ends + 2 * MARGIN)  # who began in time may end
    grant = storage().grant(key, content_type=content_type, size=size, lifetime=GRANT_SECONDS)
    return GrantedUpload(upload.id, grant.method, grant.url, grant.headers, grant.fields, ends)


def _check_fits(kind: str, size: int, content_type: str) -> None:
    allowed = KINDS[kind]
    largest = min(allowed.largest, settings.max_upload_size)
    if content_type not in allowed.types:
        raise _invalid("content_type", f"must be one of {', '.join(sorted(allowed.types))} for a {kind}")
    if size > largest:
        raise _invalid("size", f"must be at most {largest} for a {kind}")


def _invalid(name: str, message: str) -> InvalidField:
    return InvalidField(f"{name} {message}", field=name, errors=[{"field": name, "message": message}])


def _check_budget(user_id: int, size: int) -> None:
    unfinished = rows(UNFINISHED, user_id=user_id, present=now())[0][0]
    count, sent = tuple(rows(SENT_TODAY, user_id=user_id, since=now() - DAY)[0])
    if unfinished >= MOST_UNFINISHED or count >= MOST_UPLOADS or sent + size > MOST_BYTES:
        raise TooManyUploads
