"""The profiles namespace and its shapes."""

from typing import Any

from flask_api.core import fields
from flask_api.core.resource import Namespace
from flask_api.labels.schemas import own_label
from flask_api.nearby.places import BANDS
from flask_api.people.cards import ACTIVE
from flask_api.users.schemas import profile_fields

ns = Namespace("profiles", description="Other people's profiles", path="/")


def _said_of_themselves() -> dict[str, Any]:
    """Return the fields of a profile that others see: all but the birthday."""
    shown = {name: field for name, field in profile_fields().items() if name != "birthday"}
    for name, field in shown.items():
        field.attribute = f"info.{name}"
    return shown


profile = ns.response_shape(
    "Profile",
    {
        "id": fields.Integer(attribute="info.user_id", example=1),
        **_said_of_themselves(),
        "age": fields.Integer(nullable=True, example=28),
        "avatar": fields.String(attribute="info.avatar", nullable=True, example="/media/demo/12.jpg"),
        "active": fields.Choice(ACTIVE, description="When they were last here"),
        "labels": fields.List(fields.Nested(own_label)),
        "distance": fields.Choice(BANDS, nullable=True, description="From me; null where nobody can tell"),
        "photo_count": fields.Integer(example=3),
        "liked_by_me": fields.Boolean(),
        "is_match": fields.Boolean(description="Whether we like each other"),
    },
)
