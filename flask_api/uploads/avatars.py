"""The picture beside somebody's name, which is an upload in use."""

from sqlalchemy import select

from flask_api.core import callers
from flask_api.core.transaction import transactional
from flask_api.extensions import db
from flask_api.uploads.models import Upload
from flask_api.uploads.objects import storage
from flask_api.uploads.services import release, use
from flask_api.users.services import change_profile

KIND = "avatar"


@transactional
def change_avatar(user_id: int, *, upload_id: int | None) -> callers.Caller:
    """Make an upload one's avatar, or have none; the one before goes. Returns the profile.

    Raises:
        UploadNotFound, UploadNotReady: see :func:`flask_api.uploads.services.use`.
    """
    url = None
    if upload_id is not None:
        key = use(user_id, upload_id, KIND).key
        assert key is not None
        url = storage().public_url(key)
    before = select(Upload).where(Upload.user_id == user_id, Upload.kind == KIND, Upload.used_at.is_not(None))
    for upload in db.session.scalars(before.with_for_update()):
        if upload.id != upload_id:
            release(upload)
    return change_profile(user_id, avatar=url)
