"""The badges namespace and its shapes."""

from typing import Any

from flask_api.core import fields
from flask_api.core.resource import Namespace

ns = Namespace("badges", description="What is new, for the app's badge", path="/")

NEW: dict[str, Any] = {"example": 3, "description": "New since I saw that list; 999 stands for more as well"}
badges = ns.response_shape(
    "Badges",
    {"visitors": fields.Integer(**NEW), "likes": fields.Integer(**NEW), "matches": fields.Integer(**NEW)},
)
