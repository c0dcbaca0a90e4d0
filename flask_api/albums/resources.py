"""HTTP of albums."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import g

from flask_api.albums import moderation, schemas, services
from flask_api.albums.schemas import ns
from flask_api.core.auth import login_check
from flask_api.core.errors import InvalidField
from flask_api.core.idempotency import idempotent
from flask_api.core.logs import log_record
from flask_api.core.pagination import BadCursor
from flask_api.core.resource import Resource
from flask_api.uploads.services import UploadNotFound, UploadNotReady
from flask_api.users.schemas import my_profile
from flask_api.users.services import UserNotFound


@dataclass(frozen=True, slots=True)
class PhotoList:
    items: Sequence[Any]


@ns.route("/users/<int:user_id>/photos")
class PhotoCollection(Resource):
    @login_check
    @ns.fails(UserNotFound)
    @ns.answer(schemas.photo_list)
    def get(self, user_id: int) -> Any:
        """List somebody's photos."""
        return PhotoList(services.list_photos(g.user_id, user_id))


@ns.route("/users/me/photos")
class MyPhotos(Resource):
    @login_check
    @ns.answer(schemas.my_photo_list)
    def get(self) -> Any:
        """List my photos."""
        return PhotoList(services.list_my_photos(g.user_id))

    @login_check
    @ns.body(schemas.photo_creation)
    @idempotent
    @ns.fails(services.AlbumFull, services.UploadIsPhoto, UploadNotFound, UploadNotReady)
    @ns.answer(schemas.my_photo, code=201, message="Photo added")
    def post(self, sent: dict[str, Any]) -> Any:
        """Put an upload into my album."""
        return services.create_photo(g.user_id, **sent)


@ns.route("/users/me/photos/<int:photo_id>")
class MyPhoto(Resource):
    @login_check
    @ns.body(schemas.photo_changes)
    @ns.fails(services.PhotoNotFound, InvalidField)
    @ns.answer(schemas.my_photo)
    def patch(self, photo_id: int, changes: dict[str, Any]) -> Any:
        """Change the caption or the place of one of my photos."""
        return services.change_photo(g.user_id, photo_id, **changes)

    @login_check
    @ns.fails(services.PhotoNotFound)
    @ns.answer(message="Photo deleted")
    def delete(self, photo_id: int) -> None:
        """Delete one of my photos."""
        services.delete_photo(g.user_id, photo_id)


@ns.route("/users/me/avatar")
class MyAvatar(Resource):
    @login_check
    @ns.body(schemas.avatar_change)
    @ns.fails(services.PhotoNotFound, services.PhotoRefused)
    @ns.answer(my_profile)
    def put(self, sent: dict[str, Any]) -> Any:
        """Make a photo of my album my avatar, or have none."""
        return services.change_avatar(g.user_id, **sent)


@ns.route("/admin/photos")
class PhotoQueue(Resource):
    @login_check(role="admin")
    @ns.query(schemas.queue_filter)
    @ns.fails(BadCursor)
    @ns.answer(schemas.moderated_page)
    def get(self, **filters: Any) -> Any:
        """List photos by their state, oldest first."""
        return moderation.list_by_state(**filters)


@ns.route("/admin/photos/<int:photo_id>/review")
class PhotoReview(Resource):
    @log_record
    @login_check(role="admin")
    @ns.body(schemas.photo_review)
    @ns.fails(services.PhotoNotFound, InvalidField)
    @ns.answer(schemas.moderated_photo)
    def post(self, photo_id: int, sent: dict[str, Any]) -> Any:
        """Approve a photo, or refuse it."""
        return moderation.review_photo(photo_id, **sent)


@ns.route("/admin/photos/<int:photo_id>")
class ModeratedPhoto(Resource):
    @log_record
    @login_check(role="admin")
    @ns.fails(services.PhotoNotFound)
    @ns.answer(message="Photo deleted")
    def delete(self, photo_id: int) -> None:
        """Delete anybody's photo and its files."""
        moderation.take_down_photo(photo_id)


@ns.route("/admin/users/<int:user_id>/avatar")
class ModeratedAvatar(Resource):
    @log_record
    @login_check(role="admin")
    @ns.fails(UserNotFound)
    @ns.answer(message="Avatar removed")
    def delete(self, user_id: int) -> None:
        """Take away a user's avatar."""
        moderation.take_down_avatar(user_id)
