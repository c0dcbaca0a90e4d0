"""Which objects there are in the storage, and until when.

An object is entered here, to be deleted some day, before it is put into the storage; what keeps it takes that day
away. So whatever dies in between, nothing is left behind for ever, and nothing that is in use is deleted.
"""

import logging
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import Update, delete, select, update

from flask_api.core.database import now
from flask_api.core.jobs import background, scheduled
from flask_api.core.transaction import transactional
from flask_api.extensions import db
from flask_api.providers.storage import Storage, StorageError
from flask_api.uploads.models import StoredObject, Upload

log = logging.getLogger(__name__)

KEPT = timedelta(hours=24)  # what nobody uses
MARGIN = timedelta(hours=1)  # an object outlives by this what it is good for
BATCH = 200
SWEEP_EVERY = 600  # seconds
PUT_OFF = timedelta(hours=1)
MOST_FAILURES = 5  # in one turn


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
def enter(keys: Sequence[str], *, delete_after: datetime) -> None:
    """Enter objects that are of no upload, to be deleted then; of those that are entered, change the day."""
    for key in keys:
        db.session.merge(StoredObject(key=key, delete_after=delete_after))


@transactional
def keep_until(upload_id: int, delete_after: datetime | None, *, keys: Sequence[str] | None = None) -> None:
    """Let the objects of an upload, or some of them, be kept until then; None: for good."""
    query = update(StoredObject).where(StoredObject.upload_id == upload_id)
    if keys is not None:
        query = query.where(StoredObject.key.in_(keys))
    db.session.execute(query.values(delete_after=delete_after))


@transactional
def drop_all_of(user_id: int) -> None:
    """Have all objects of a user deleted as soon as this transaction holds.

    What can still be sent stays entered until no grant is good for it, and what may be put into the storage at this
    moment until nobody can be at it any more.
    """
    uploads = select(Upload.id).where(Upload.user_id == user_id).scalar_subquery()
    owned = update(StoredObject).where(StoredObject.upload_id.in_(uploads))
    _change(owned.values(delete_after=now()))
    being_made = select(Upload.id).where(Upload.user_id == user_id, Upload.state == "processing").scalar_subquery()
    _change(owned.where(StoredObject.upload_id.in_(being_made)).values(delete_after=now() + MARGIN))
    over = now() - 2 * MARGIN
    open_grants = select(Upload.incoming_key, Upload.expires_at).where(Upload.user_id == user_id)
    if found := db.session.execute(open_grants.where(Upload.expires_at > over)).all():
        ends = max(row.expires_at for row in found) + 2 * MARGIN
        incoming = [row.incoming_key for row in found]
        _change(update(StoredObject).where(StoredObject.key.in_(incoming)).values(delete_after=ends))
    sweep()


@scheduled(every=SWEEP_EVERY)
@background
def sweep() -> None:
    """Delete objects and uploads whose day has come, a batch at a time: a turn costs the same whatever is stored.

    Raises:
        StorageError: the storage is away; the job is tried again.
    """
    _delete_uploads()
    _enter_orphans()
    due = _due_keys()
    if not due:
        return
    try:
        storage().delete(due)
    except (StorageError, ValueError):
        _delete_each(due)
    else:
        _forget(due)
    if len(due) == BATCH:
        sweep()


def _delete_each(keys: Sequence[str]) -> None:
    """Delete what can be; the others come again later, so that they do not keep the rest waiting.

    Raises:
        StorageError: so many failed that the storage must be away.
    """
    gone: list[str] = []
    failed: list[str] = []
    for key in keys:
        try:
            storage().delete([key])
            gone.append(key)
        except (StorageError, ValueError):
            failed.append(key)
            if len(failed) >= MOST_FAILURES:
                break
    _forget(gone)
    _put_off(failed)
    log.warning("%d objects could not be deleted, as %s", len(failed), failed[:1])
    if len(failed) >= MOST_FAILURES:
        raise StorageError


@transactional
def _put_off(keys: Sequence[str]) -> None:
    later = update(StoredObject).where(StoredObject.key.in_(keys), StoredObject.delete_after <= now())
    _change(later.values(delete_after=now() + PUT_OFF))


def _change(query: Update) -> None:
    db.session.execute(query, execution_options={"synchronize_session": False})


@transactional
def _enter_orphans() -> None:
    """Have deleted what was in use by a user whose row went without a word.

    The release before does not know of uploads, so it erases accounts without ``drop_all_of``; its database lets the
    uploads fall, and nothing else has an object that is of no upload and stays for good.
    """
    orphaned = (StoredObject.upload_id.is_(None), StoredObject.delete_after.is_(None))
    if keys := db.session.scalars(select(StoredObject.key).where(*orphaned).limit(BATCH)).all():
        _change(update(StoredObject).where(StoredObject.key.in_(keys), *orphaned).values(delete_after=now()))


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
