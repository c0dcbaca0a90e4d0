"""Looking at what was sent, and making of it what is served: a job, since it takes seconds."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any, BinaryIO

from sqlalchemy import bindparam, select

from flask_api.core.database import now
from flask_api.core.jobs import background
from flask_api.core.transaction import lock, rows, transactional
from flask_api.providers.storage import SUFFIXES, ObjectMissing
from flask_api.uploads.containers import HEAD, types_of
from flask_api.uploads.images import ImageRefused, remake
from flask_api.uploads.kinds import KINDS
from flask_api.uploads.models import Upload
from flask_api.uploads.objects import KEPT, MARGIN, keep_until, new_key, plan, storage

log = logging.getLogger(__name__)

SENT = select(Upload.id, Upload.kind, Upload.state, Upload.content_type, Upload.size, Upload.incoming_key)
SENT = SENT.where(Upload.id == bindparam("upload_id"))


class Refused(Exception):
    """The content cannot be taken; ``reason`` is a stable word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Gone(Exception):
    """Nobody waits for it any more."""


@background
def process(upload_id: int) -> None:
    """Check an upload that has arrived; store what is made of it, under new names. A second run finds it done."""
    found = rows(SENT, upload_id=upload_id)
    if not found or found[0].state != "processing":
        return
    sent = found[0]
    try:
        with storage().open(sent.incoming_key) as file:
            made = _image(sent, file) if KINDS[sent.kind].is_image else _recording(sent, file)
    except (Refused, ImageRefused) as refusal:
        log.info("upload %d is refused: %s", upload_id, refusal.reason)
        made = {"state": "refused", "reason": refusal.reason}
    except ObjectMissing:  # deleted meanwhile
        made = {"state": "refused", "reason": "missing"}
    except Gone:
        made = {}
    if not _conclude(upload_id, sent.incoming_key, made):
        storage().delete([made[name] for name in ("key", "thumbnail_key") if name in made])
    storage().delete([sent.incoming_key])


def _image(sent: Any, file: BinaryIO) -> dict[str, Any]:
    remade = remake(file)
    picture, thumbnail = remade.picture, remade.thumbnail
    key = new_key("public", SUFFIXES[picture.content_type])
    thumbnail_key = new_key("public", SUFFIXES[thumbnail.content_type])
    _plan([key, thumbnail_key], sent.id)
    storage().put(key, picture.data, content_type=picture.content_type, public=True)
    storage().put(thumbnail_key, thumbnail.data, content_type=thumbnail.content_type, public=True)
    return {
        "state": "ready",
        "key": key,
        "thumbnail_key": thumbnail_key,
        "content_type": picture.content_type,
        "width": picture.width,
        "height": picture.height,
    }


def _recording(sent: Any, file: BinaryIO) -> dict[str, Any]:
    """Keep sound or film as it is, under a name to which nobody has a grant."""
    if sent.content_type not in types_of(file.read(HEAD)):
        raise Refused("wrong_type")
    file.seek(0)
    key = new_key("private", SUFFIXES[sent.content_type])
    _plan([key], sent.id)
    storage().put(key, file, content_type=sent.content_type, public=False)
    return {"state": "ready", "key": key}


@transactional
def _plan(keys: Sequence[str], upload_id: int) -> None:
    upload = lock(Upload, upload_id)
    if upload is None or upload.state != "processing":
        raise Gone
    plan(keys, upload_id=upload_id, delete_after=_end() + MARGIN)


def _end() -> datetime:
    return now() + KEPT


@transactional
def _conclude(upload_id: int, incoming_key: str, made: dict[str, Any]) -> bool:
    """Note what came of it; return whether anybody wants it: the upload may be gone, or another run was faster."""
    upload = lock(Upload, upload_id)
    if upload is None or upload.state != "processing":
        return False
    for name, value in made.items():
        setattr(upload, name, value)
    upload.delete_after = _end()
    kept = [key for key in (upload.key, upload.thumbnail_key) if key is not None]
    keep_until(upload_id, _end() + MARGIN, keys=kept)
    # Its address may still be good: whatever is sent there now goes when that is over.
    keep_until(upload_id, max(upload.expires_at, now()) + 2 * MARGIN, keys=[incoming_key])
    return True
