"""The admin namespace and its shapes."""

from flask_api.accounts.passwords import MAX_LENGTH, MIN_LENGTH
from flask_api.core import fields
from flask_api.core.pagination import page_fields, page_shape
from flask_api.core.resource import Namespace
from flask_api.users.models import ROLES, STATUSES
from flask_api.users.schemas import NICKNAME, profile_fields

ns = Namespace("admin", description="Looking after users", path="/admin")

user_filter = ns.request_shape(
    "UserFilter",
    {
        "phone": fields.String(max_length=32, description="Exactly this phone"),
        "role": fields.Choice(ROLES),
        "status": fields.Choice(STATUSES),
        **page_fields(),
    },
)
user_creation = ns.request_shape(
    "UserCreation",
    {
        "phone": fields.String(required=True, max_length=32, example="13800138001"),
        "nickname": fields.Name(**NICKNAME),
        "role": fields.Choice(ROLES),
        "password": fields.String(min_length=MIN_LENGTH, max_length=MAX_LENGTH, example="correct horse"),
    },
)
user_changes = ns.request_shape("UserChanges", profile_fields(role=fields.Choice(ROLES)), any_of_them=True)

user = ns.response_shape(
    "User",
    {
        "id": fields.Integer(example=1),
        "phone": fields.String(nullable=True, example="+8613800138000"),
        "nickname": fields.String(attribute="info.nickname", example="Lin"),
        "role": fields.Choice(ROLES),
        "status": fields.Choice(STATUSES),
        "has_password": fields.Boolean(),
        "created_at": fields.DateTime(),
        "last_login_at": fields.DateTime(nullable=True),
        "delete_after": fields.DateTime(nullable=True),
    },
)
user_page = page_shape(user)
