"""The albums namespace and its shapes."""

from flask_api.core import fields
from flask_api.core.resource import Namespace

ns = Namespace("albums", description="The photos of somebody", path="/users")

photo = ns.response_shape(
    "Photo",
    {
        "id": fields.Integer(example=1),
        "url": fields.String(example="/media/demo/12.jpg"),
        "caption": fields.String(example="The lake at five"),
        "created_at": fields.DateTime(),
    },
)
photo_list = ns.response_shape("PhotoList", {"items": fields.List(fields.Nested(photo))})
