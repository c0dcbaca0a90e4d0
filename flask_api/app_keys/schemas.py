"""The namespace of app keys and its shapes."""

from typing import Any

from flask_api.app_keys.services import OVERLAP_HOURS
from flask_api.core import fields
from flask_api.core.pagination import page_fields, page_shape
from flask_api.core.resource import Namespace

ns = Namespace("app-keys", description="Client apps that sign requests", path="/admin/app-keys")

NAME: dict[str, Any] = {"max_length": 50, "example": "Android"}
RATE: dict[str, Any] = {"min": 1, "max": 1_000_000, "nullable": True, "description": "Null: no limit of its own"}
VERSION_1 = "Whether the original's MD5 signatures are accepted too"

app_key_query = ns.request_shape("AppKeyQuery", page_fields())
app_key_creation = ns.request_shape(
    "AppKeyCreation",
    {
        "name": fields.Name(required=True, **NAME),
        "allows_version_1": fields.Boolean(description=VERSION_1),
        "requests_per_minute": fields.Integer(**RATE),
    },
)
app_key_changes = ns.request_shape(
    "AppKeyChanges",
    {
        "name": fields.Name(**NAME),
        "allows_version_1": fields.Boolean(description=VERSION_1),
        "requests_per_minute": fields.Integer(**RATE),
        "disabled": fields.Boolean(description="A disabled one is refused at once"),
    },
    any_of_them=True,
)
rotation = ns.request_shape(
    "SecretRotation",
    {
        "overlap_hours": fields.Integer(
            min=0, max=90 * 24, default=OVERLAP_HOURS, description="How long the secret before stays valid"
        )
    },
)

app_key = ns.response_shape(
    "AppKey",
    {
        "id": fields.Integer(example=1),
        "appkey": fields.String(example="9f86d081884c7d65"),
        "name": fields.String(example="Android"),
        "allows_version_1": fields.Boolean(),
        "requests_per_minute": fields.Integer(nullable=True),
        "disabled": fields.Boolean(attribute="is_disabled"),
        "previous_until": fields.DateTime(nullable=True, description="Until when the secret before is valid"),
        "created_at": fields.DateTime(),
    },
)
app_key_page = page_shape(app_key)
issued_secret = ns.response_shape(
    "IssuedSecret",
    {
        "app_key": fields.Nested(app_key),
        "secret": fields.String(
            example="x1f3SPhn0WCaQeLNKLbHaHTmLZvWbXyYSWgyDc5Eiuw",
            description="Shown only now: nobody reads it again",
        ),
    },
)
