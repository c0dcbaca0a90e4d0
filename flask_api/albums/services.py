"""Albums: looking at photos, and changing one's own."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, func, select

from flask_api.albums.models import UserAlbum
from flask_api.core import callers, personal_data
from flask_api.core.errors import Conflict, InvalidField, NotFound
from flask_api.core.transaction import lock, rows, transactional
from flask_api.extensions import db, settings
from flask_api.people import subjects
from flask_api.people.sight import require_sight
from flask_api.uploads.models import Upload
from flask_api.uploads.objects import storage
from flask_api.uploads.services import release, use
from flask_api.users.models import UserAuth
from flask_api.users.services import change_profile, lock_user

MAX_PHOTOS = 30
KIND = "photo"  # of uploads


class PhotoNotFound(NotFound):
    status = "PHOTO_NOT_FOUND"
    message = "You have no such photo."


class AlbumFull(Conflict):
    status = "ALBUM_FULL"
    message = f"An album holds {MAX_PHOTOS} photos; delete one first."


class UploadIsPhoto(Conflict):
    status = "UPLOAD_IS_PHOTO"
    message = "This upload is a photo of your album already."


class PhotoRefused(Conflict):
    status = "PHOTO_REFUSED"
    message = "This photo was refused; it cannot be your avatar."


OF_USER = select(UserAlbum.__table__).where(UserAlbum.user_id == bindparam("user_id"))
ALBUM = OF_USER.order_by(UserAlbum.position, UserAlbum.id)
SHOWN = ALBUM.where(UserAlbum.state == "approved").limit(MAX_PHOTOS)
OWNER = select(UserAlbum.user_id).where(UserAlbum.id == bindparam("photo_id"), UserAlbum.state == "approved")
COUNT = select(func.count()).where(UserAlbum.user_id == bindparam("user_id"), UserAlbum.state == "approved")

REPORTED = select(UserAlbum.id, UserAlbum.caption, UserAlbum.url).where(
    UserAlbum.id.in_(bindparam("ids", expanding=True))
)


def list_photos(viewer_id: int, user_id: int) -> Sequence[Any]:
    """Return the approved photos of somebody whom the viewer may know of, in the owner's order.

    Raises:
        UserNotFound: see :func:`flask_api.people.sight.require_sight`.
    """
    require_sight(viewer_id, user_id)
    return rows(SHOWN, user_id=user_id)


def list_my_photos(user_id: int) -> Sequence[Any]:
    """Return all photos of one's own album, in their order."""
    return rows(ALBUM.limit(MAX_PHOTOS), user_id=user_id)


def photo_count(user_id: int) -> int:
    """Return how many photos others see of somebody."""
    return min(MAX_PHOTOS, int(rows(COUNT, user_id=user_id)[0][0]))


@transactional
def create_photo(user_id: int, *, upload_id: int, caption: str = "") -> UserAlbum:
    """Put an upload at the end of one's album; whether others see it at once, the settings say.

    Raises:
        AlbumFull, UploadIsPhoto.
        UploadNotFound, UploadNotReady: see :func:`flask_api.uploads.services.use`.
    """
    album = album_of(lock_user(user_id))
    if any(photo.upload_id == upload_id for photo in album):
        raise UploadIsPhoto
    if len(album) >= MAX_PHOTOS:
        raise AlbumFull
    upload = use(user_id, upload_id, KIND)
    assert upload.key is not None
    photo = UserAlbum(
        user_id=user_id,
        position=len(album) + 1,
        caption=caption,
        url=storage().public_url(upload.key),
        thumbnail_url=upload.thumbnail_key and storage().public_url(upload.thumbnail_key),
        state="approved" if settings.photo_moderation == "none" else "pending",
        upload_id=upload_id,
    )
    db.session.add(photo)
    _number([*album, photo])
    db.session.flush()
    return photo


@transactional
def change_photo(user_id: int, photo_id: int, *, caption: str | None = None, position: int | None = None) -> UserAlbum:
    """Change the caption of one's own photo, or move it; those between its old and its new place move up or down.

    Raises:
        PhotoNotFound.
        InvalidField: there are fewer photos than ``position``.
    """
    album = album_of(lock_user(user_id))
    photo = _found(album, photo_id)
    if caption is not None:
        photo.caption = caption
    if position is not None:
        if position > len(album):
            raise InvalidField(f"position must be at most {len(album)}", field="position")
        album.remove(photo)
        album.insert(position - 1, photo)
    _number(album)
    return photo


@transactional
def delete_photo(user_id: int, photo_id: int) -> None:
    """Delete one's own photo and its files; the others close ranks. Whose avatar it was has none.

    Raises:
        PhotoNotFound.
    """
    remove_photo(lock_user(user_id), photo_id)


@transactional
def change_avatar(user_id: int, *, photo_id: int | None) -> callers.Caller:
    """Make a photo of one's album one's avatar, or have none; returns the profile.

    A photo that is not approved yet becomes it once it is; until then the one before stays.

    Raises:
        PhotoNotFound, PhotoRefused.
    """
    owner = lock_user(user_id)
    album = album_of(owner)
    chosen = None if photo_id is None else _found(album, photo_id)
    if chosen is not None and chosen.state == "refused":
        raise PhotoRefused
    for photo in album:
        photo.is_avatar = photo is chosen
    if chosen is None or chosen.state == "approved":
        show_avatar(owner, chosen)
    return change_profile(user_id)


def album_of(owner: UserAuth) -> list[UserAlbum]:
    """Return the photos of somebody whose row is locked, and with it the order of his album."""
    query = select(UserAlbum).where(UserAlbum.user_id == owner.id)
    return [*db.session.scalars(query.order_by(UserAlbum.position, UserAlbum.id))]


def remove_photo(owner: UserAuth, photo_id: int) -> None:
    """Delete a photo of somebody whose row is locked; see :func:`delete_photo`."""
    album = album_of(owner)
    photo = _found(album, photo_id)
    album.remove(photo)
    hide_avatar(owner, photo, album)
    db.session.delete(photo)
    _number(album)
    if photo.upload_id is not None and (upload := lock(Upload, photo.upload_id)):
        release(upload)


def hide_avatar(owner: UserAuth, photo: UserAlbum, album: Sequence[UserAlbum]) -> None:
    """Let a photo be the avatar no longer, of somebody whose row is locked.

    If it was chosen and waited, the one that is shown meanwhile is the choice again.
    """
    if owner.info.avatar == photo.url:
        owner.info.avatar = None
    if photo.is_avatar:
        for each in album:
            each.is_avatar = each.url == owner.info.avatar


def show_avatar(owner: UserAuth, photo: UserAlbum | None) -> None:
    """Let everybody see this photo beside the name of its owner, whose row is locked."""
    owner.info.avatar = None if photo is None else photo.url
    # The release before made avatars of uploads of a kind of their own.
    former = select(Upload).where(Upload.user_id == owner.id, Upload.kind == "avatar", Upload.used_at.is_not(None))
    for upload in db.session.scalars(former.with_for_update()):
        release(upload)


def _found(album: Sequence[UserAlbum], photo_id: int) -> UserAlbum:
    for photo in album:
        if photo.id == photo_id:
            return photo
    raise PhotoNotFound


def _number(album: Sequence[UserAlbum]) -> None:
    for position, photo in enumerate(album, 1):
        photo.position = position


def _owner_of(photo_id: int) -> int | None:
    found = rows(OWNER, photo_id=photo_id)
    return found[0].user_id if found else None


def _shown(ids: Sequence[int]) -> dict[int, subjects.Subject]:
    return {row.id: subjects.Subject(None, row.caption, row.url) for row in rows(REPORTED, ids=ids)}


subjects.register("photo", _owner_of, _shown)
personal_data.register("photos", export=lambda user_id: [dict(row._mapping) for row in rows(ALBUM, user_id=user_id)])
