"""The auth namespace and its shapes."""

from flask_api.accounts.passwords import MAX_LENGTH, MIN_LENGTH
from flask_api.accounts.sms_codes import PURPOSES
from flask_api.core import fields
from flask_api.core.proofs import MEANS
from flask_api.core.resource import Namespace
from flask_api.nearby.schemas import place_setting
from flask_api.users.emails import MAX_LENGTH as MAX_EMAIL

ns = Namespace("auth", description="Registering, logging in, passwords, sessions, leaving", path="/auth")


def _phone(required: bool = True) -> fields.String:
    return fields.String(required=required, max_length=32, example="13800138000", description="With or without country")


def email_field(required: bool) -> fields.String:
    """An e-mail address that is sent to us."""
    return fields.String(required=required, max_length=MAX_EMAIL, example="lin@example.com")


def code_field(required: bool = True) -> fields.String:
    """A code that was sent to somebody."""
    return fields.String(required=required, pattern=r"^[0-9]{6}$", example="123456")


def _password(required: bool = True, **options: object) -> fields.String:
    return fields.String(required=required, max_length=MAX_LENGTH, example="correct horse", **options)


def _id_token(required: bool = True) -> fields.String:
    return fields.String(
        required=required,
        max_length=8192,
        example="eyJhbGciOiJSUzI1NiIsImtpZCI6…",
        description="What Google's library gave your app",
    )


def _place() -> fields.Nested:
    return fields.Nested(place_setting)


def _new_password() -> fields.String:
    return _password(min_length=MIN_LENGTH)


code_request = ns.request_shape(
    "CodeRequest", {"phone": _phone(), "purpose": fields.Choice(PURPOSES, description="`login` when left out")}
)
sent_code = ns.response_shape(
    "SentCode",
    {
        "expires_in": fields.Integer(example=300, description="Seconds for which the code is valid"),
        "next_in": fields.Integer(example=60, description="Seconds until another one may be sent"),
        "code": fields.String(nullable=True, example="123456", description="In development only"),
    },
)
code_login = ns.request_shape("CodeLogin", {"phone": _phone(), "code": code_field(), "place": _place()})
password_login = ns.request_shape("PasswordLogin", {"phone": _phone(), "password": _password(), "place": _place()})
google_login = ns.request_shape("GoogleLogin", {"id_token": _id_token(), "place": _place()})
google_link = ns.request_shape("GoogleLink", {"id_token": _id_token()})
login = ns.response_shape(
    "Login",
    {
        "token": fields.String(example="1.q0Zk3vJw8PzY5l1n7d2mX4cR6tB9aS0eHfGuVi-KoLw"),
        "expires_in": fields.Integer(example=2592000, description="Seconds without use after which the token ends"),
        "user_id": fields.Integer(example=1),
        "proof": fields.String(
            nullable=True,
            example="1795284000.9f2c…",
            description="For the header `Proof`, as of `POST /auth/proofs`; null where the account wants another proof",
        ),
        "registered": fields.Boolean(example=True, description="This login made the account"),
        "restored": fields.Boolean(example=False, description="This login took back the account's deletion"),
    },
)
proof_request = ns.request_shape(
    "ProofRequest",
    {"password": _password(required=False), "code": code_field(required=False), "id_token": _id_token(required=False)},
    exactly_one=tuple(MEANS),
)
proof = ns.response_shape(
    "Proof",
    {
        "proof": fields.String(example="1795284000.9f2c…", description="Goes into the header `Proof`"),
        "expires_in": fields.Integer(example=600, description="Seconds for which it is good, for this login only"),
    },
)
password_change = ns.request_shape("PasswordChange", {"new_password": _new_password()})
account = ns.response_shape(
    "Account",
    {
        "phone": fields.String(nullable=True, example="+8613800138000"),
        "email": fields.String(nullable=True, example="lin@example.com", description="Confirmed by a code"),
        "has_password": fields.Boolean(example=False),
        "has_google": fields.Boolean(example=True, description="A Google account opens this one"),
        "proof_by": fields.Choice(tuple(MEANS), description="What `POST /auth/proofs` wants"),
    },
)
phone_setting = ns.request_shape("PhoneSetting", {"phone": _phone(), "code": code_field()})
password_reset = ns.request_shape(
    "PasswordReset",
    {
        "phone": _phone(required=False),
        "email": email_field(required=False),
        "code": code_field(),
        "new_password": _new_password(),
    },
    exactly_one=("phone", "email"),
)
session = ns.response_shape(
    "Session",
    {
        "id": fields.Integer(attribute="session_id", example=4503599627370495),
        "device": fields.String(example="Mozilla/5.0", description="User-Agent at login"),
        "address": fields.String(example="203.0.113.7"),
        "created_at": fields.DateTime(),
        "last_used_at": fields.DateTime(description="To within some hours"),
        "current": fields.Boolean(example=True, description="The one that asks"),
    },
)
session_list = ns.response_shape("SessionList", {"items": fields.List(fields.Nested(session))})
deletion = ns.response_shape(
    "Deletion", {"delete_after": fields.DateTime(description="Logging in before this moment takes it back")}
)
export = ns.response_shape(
    "Export",
    {
        "exported_at": fields.DateTime(),
        "data": fields.Object(description="Everything kept of you, by part: account, profile, posts, photos, …"),
    },
)
