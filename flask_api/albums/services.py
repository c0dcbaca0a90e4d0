"""Albums: so far for looking at; uploading comes with the storage providers."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, select

from flask_api.albums.models import UserAlbum
from flask_api.core import personal_data
from flask_api.core.transaction import rows
from flask_api.users.services import get_profile

MAX_PHOTOS = 30

ALBUM = (
    select(UserAlbum.id, UserAlbum.url, UserAlbum.caption, UserAlbum.created_at)
    .where(UserAlbum.user_id == bindparam("user_id"))
    .order_by(UserAlbum.position)
)


def list_photos(viewer_id: int, user_id: int) -> Sequence[Any]:
    """Return the photos of somebody whose profile the viewer may see, in the owner's order.

    Raises:
        UserNotFound: see :func:`flask_api.users.services.get_profile`.
    """
    get_profile(viewer_id, user_id)
    return rows(ALBUM.limit(MAX_PHOTOS), user_id=user_id)


personal_data.register("photos", export=lambda user_id: [dict(row._mapping) for row in rows(ALBUM, user_id=user_id)])
