"""Which objects there are in the storage, and until when.

An object is entered here, to be deleted some day, before it is put into the storage; what keeps it takes that day
away. So whatever dies in between, nothing is left behind for ever, and nothing that is in use is deleted.
"""

import logging
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import delete, select, update

from flask_api.core.database import now
from flask_api.core.jobs import background, scheduled
from flask_api.core.transaction import transactional
from flask_api.extensions import db
from flask_api.providers.storage import Storage
from flask_api.uploads.models import StoredObject, Upload

log = logging.getLogger(__name__)

KEPT = timedelta(hours=24)  # what nobody uses
MARGIN = timedelta(hours=1)  # an object outlives by this what it is good for
BATCH = 200
SWEEP_EVERY = 600  # seconds


def storage() -> Storage:
    """Return the storage of this app."""
    found: Storage = current_app.extensions["storage"]
    return found


def new_key(place: str, suffix: str = "") -> str:
    """Return a name that nobody can guess, below ``incoming``, ``public`` or ``private``."""
    name = secrets.token_hex(16)
    return f"{place}/{name[:2]}/{name}{suffix}"


@transactional
def plan(keys: Sequence[str], *, upload_id: int, delete_after: datetime) -> None:
    """Enter objects that will be put into the storage, as what is to be deleted then."""
    for key in keys:
        db.session.add(StoredObject(key=key, upload_id=upload_id, delete_after=delete_after))


@transactional
def keep_until(upload_id: int, delete_after: datetime | None, *, keys: Sequence[str] | None = None) -> None:
    """Let the objects of an upload, or some of them, be kept until then; None: for good."""
    query = update(StoredObject).where(StoredObject.upload_id == upload_id)
    if keys is not None:
        query = query.where(StoredObject.key.in_(keys))
    db.session.execute(query.values(delete_after=delete_after))


@transactional
def drop_all_of(user_id: int) -> None:
    """Have all objects of a user deleted as soon as this transaction holds."""
    uploads = select(Upload.id).where(Upload.user_id == user_id).scalar_subquery()
    owned = update(StoredObject).where(StoredObject.upload_id.in_(uploads)).values(delete_after=now())
    db.session.execute(owned, execution_options={"synchronize_session": False})
    sweep()


@scheduled(every=SWEEP_EVERY)
@background
def sweep() -> None:
    """Delete objects and uploads whose day has come, a batch at a time: a turn costs the same whatever is stored."""
    _delete_uploads()
    due = _due_keys()
    if not due:
        return
    storage().delete(due)
    _forget(due)
    if len(due) == BATCH:
        sweep()


@transactional
def _delete_uploads() -> None:
    over = select(Upload.id).where(Upload.delete_after <= now()).order_by(Upload.delete_after).limit(BATCH)
    ids = db.session.scalars(over).all()
    if ids:
        # Whoever uses one meanwhile has taken the day away: it is looked at again.
        db.session.execute(delete(Upload).where(Upload.id.in_(ids), Upload.delete_after <= now()))


@transactional
def _due_keys() -> Sequence[str]:
    query = select(StoredObject.key).where(StoredObject.delete_after <= now())
    return db.session.scalars(query.order_by(StoredObject.delete_after).limit(BATCH)).all()


@transactional
def _forget(keys: Sequence[str]) -> None:
    gone = delete(StoredObject).where(StoredObject.key.in_(keys), StoredObject.delete_after <= now())
    db.session.execute(gone)
