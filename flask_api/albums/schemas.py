"""The albums namespace and its shapes."""

from typing import Any

from flask_api.albums.models import REASONS, STATES
from flask_api.albums.services import MAX_PHOTOS
from flask_api.core import fields
from flask_api.core.pagination import page_fields, page_shape
from flask_api.core.resource import Namespace

ns = Namespace("albums", description="Photos, mine and others'", path="/")

CAPTION: dict[str, Any] = {"max_length": 200, "example": "The lake at five"}

photo_creation = ns.request_shape(
    "PhotoCreation",
    {
        "upload_id": fields.RowId(required=True, description="An upload of the kind `photo` that is ready"),
        "caption": fields.String(**CAPTION),
    },
)
photo_changes = ns.request_shape(
    "PhotoChanges",
    {
        "caption": fields.String(**CAPTION),
        "position": fields.Integer(min=1, max=MAX_PHOTOS, example=1, description="From 1; the others make room"),
    },
    any_of_them=True,
)
avatar_change = ns.request_shape(
    "AvatarChange",
    {"photo_id": fields.RowId(required=True, nullable=True, description="A photo of my album; null: no avatar")},
)
queue_filter = ns.request_shape(
    "PhotoQueueFilter", {"state": fields.Choice(STATES, default="pending"), **page_fields()}
)
photo_review = ns.request_shape(
    "PhotoReview",
    {
        "state": fields.Choice(("approved", "refused"), required=True, example="refused"),
        "reason": fields.Choice(REASONS, description="For refusing it; its owner is told"),
    },
)

PHOTO = {
    "id": fields.Integer(example=1),
    "url": fields.String(example="/media/demo/12.jpg"),
    "thumbnail_url": fields.String(nullable=True, example="/media/public/9a/9a01.jpg"),
    "caption": fields.String(example="The lake at five"),
    "created_at": fields.DateTime(),
}
MODERATED = {
    "state": fields.Choice(STATES, description="Others see it while it is approved"),
    "reason": fields.Choice(REASONS, nullable=True, description="Why it was refused"),
}
photo = ns.response_shape("Photo", PHOTO)
photo_list = ns.response_shape("PhotoList", {"items": fields.List(fields.Nested(photo))})
my_photo = ns.response_shape(
    "MyPhoto",
    {
        **PHOTO,
        **MODERATED,
        "position": fields.Integer(example=1),
        "is_avatar": fields.Boolean(description="Or it will be, once it is approved"),
    },
)
my_photo_list = ns.response_shape("MyPhotoList", {"items": fields.List(fields.Nested(my_photo))})
moderated_photo = ns.response_shape("ModeratedPhoto", {**PHOTO, **MODERATED, "user_id": fields.Integer(example=1)})
moderated_page = page_shape(moderated_photo)
