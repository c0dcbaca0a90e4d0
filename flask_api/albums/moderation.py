"""Looking at photos before others do."""

from typing import Any

from sqlalchemy import bindparam, select

from flask_api.albums.models import UserAlbum
from flask_api.albums.services import PhotoNotFound, album_of, hide_avatar, remove_photo, show_avatar
from flask_api.audit import services as audit
from flask_api.core.errors import InvalidField
from flask_api.core.pagination import DEFAULT_LIMIT, Page, make_page, read_cursor
from flask_api.core.transaction import lock, rows, transactional
from flask_api.users.models import UserAuth
from flask_api.users.services import UserNotFound, lock_user

QUEUE = "photos"  # names the list in its cursors

WAITING = (
    select(UserAlbum.__table__)
    .where(UserAlbum.state == bindparam("state"), UserAlbum.id > bindparam("after"))
    .order_by(UserAlbum.id)
    .limit(bindparam("limit"))
    .with_hint(UserAlbum, "FORCE INDEX (ix_user_album_state_id)", "mysql")  # or it reads all, where most have the state
)
OWNER = select(UserAlbum.user_id).where(UserAlbum.id == bindparam("photo_id"))


def list_by_state(*, state: str, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page:
    """Return everybody's photos in a state, oldest first: whoever waits longest comes first."""
    after = 0 if cursor is None else read_cursor(QUEUE, cursor, [int])[0]
    found = rows(WAITING, state=state, after=after, limit=limit + 1)
    return make_page(QUEUE, found, limit, lambda photo: [photo.id])


@transactional
def review_photo(photo_id: int, *, state: str, reason: str | None = None) -> Any:
    """Approve a photo, or refuse it for a reason; may be done again, another way.

    Raises:
        PhotoNotFound.
        InvalidField: a reason is missing, or there is one for approving.
    """
    if (state == "refused") != (reason is not None):
        raise InvalidField("reason belongs to refusing, and to nothing else", field="reason")
    owner = _locked_owner(photo_id)
    photo = lock(UserAlbum, photo_id)
    if photo is None:
        raise PhotoNotFound
    photo.state, photo.reason = state, reason
    if state == "approved" and photo.is_avatar:
        show_avatar(owner, photo)
    if state == "refused":
        hide_avatar(owner, photo, album_of(owner))
    audit.record("photo_reviewed", user_id=photo.user_id, photo_id=photo_id, state=state)
    return photo


@transactional
def take_down_photo(photo_id: int) -> None:
    """Delete anybody's photo and its files, whatever its state: nobody opens it by its address any more.

    Raises:
        PhotoNotFound.
    """
    owner = _locked_owner(photo_id)
    remove_photo(owner, photo_id)
    audit.record("photo_deleted", user_id=owner.id, photo_id=photo_id)


@transactional
def take_down_avatar(user_id: int) -> None:
    """Let somebody have no avatar; one that the release before has made of an upload is deleted.

    Raises:
        UserNotFound.
    """
    owner = lock_user(user_id)
    for photo in album_of(owner):
        photo.is_avatar = False
    show_avatar(owner, None)
    audit.record("avatar_removed", user_id=user_id)


def _locked_owner(photo_id: int) -> UserAuth:
    """Return whose photo it is, locked: under this lock his avatar and his album change."""
    found = rows(OWNER, photo_id=photo_id)
    if not found:
        raise PhotoNotFound
    try:
        return lock_user(found[0].user_id)
    except UserNotFound:  # erased a moment ago
        raise PhotoNotFound from None
