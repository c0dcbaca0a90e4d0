"""The users namespace and its shapes."""

from typing import Any

from flask_api.core import fields
from flask_api.core.resource import Namespace
from flask_api.users import models

ns = Namespace("users", description="My profile", path="/users")

NICKNAME: dict[str, Any] = {"max_length": 30, "example": "Lin"}


def profile_fields(**options: Any) -> dict[str, Any]:
    """Return the fields that people say of themselves; ``nullable`` where they may be left open."""
    return {
        "nickname": fields.Name(**NICKNAME),
        "gender": fields.Choice(models.GENDERS, nullable=True),
        "birthday": fields.Date(nullable=True, description="18 or over"),
        "emotional_state": fields.Choice(models.EMOTIONAL_STATES, nullable=True),
        "height_cm": fields.Integer(nullable=True, min=100, max=250, example=172),
        "orientation": fields.Choice(models.ORIENTATIONS, nullable=True),
        "education": fields.Choice(models.EDUCATIONS, nullable=True),
        "salary": fields.Choice(models.SALARIES, nullable=True, description="Monthly income in CNY"),
        "bio": fields.String(max_length=1000, example="Climbs, cooks, reads maps."),
        **options,
    }


AVATAR = fields.String(nullable=True, example="/media/demo/12.jpg", description="Address of the picture")

profile_changes = ns.request_shape(
    "ProfileChanges",
    profile_fields(visibility=fields.Choice(models.VISIBILITIES, description="Who may see this profile")),
    any_of_them=True,
)

my_profile = ns.response_shape(
    "MyProfile",
    {
        "id": fields.Integer(example=1),
        "phone": fields.String(nullable=True, example="+8613800138000", description="Shown to its owner only"),
        "email": fields.String(nullable=True, example="lin@example.com", description="Shown to its owner only"),
        "role": fields.Choice(models.ROLES),
        **profile_fields(),
        "avatar": AVATAR,
        "visibility": fields.Choice(models.VISIBILITIES),
        "has_password": fields.Boolean(example=False),
        "created_at": fields.DateTime(),
    },
)
