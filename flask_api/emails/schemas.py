"""The emails namespace and its shapes."""

from flask_api.accounts.mail_codes import PURPOSES
from flask_api.accounts.schemas import code_field, email_field
from flask_api.core import fields
from flask_api.core.resource import Namespace

ns = Namespace("emails", description="My e-mail address, and what comes by mail: codes, all my data", path="/emails")

mail_code_request = ns.request_shape(
    "MailCodeRequest",
    {
        "email": email_field(required=True),
        "purpose": fields.Choice(
            PURPOSES, required=True, example="password_reset", description="`email` takes a login, and a token"
        ),
    },
)
sent_mail_code = ns.response_shape(
    "SentMailCode",
    {
        "expires_in": fields.Integer(example=900, description="Seconds for which the code is valid"),
        "next_in": fields.Integer(example=60, description="Seconds until another one may be sent"),
    },
)
email_setting = ns.request_shape(
    "EmailSetting",
    {"email": email_field(required=True), "code": code_field()},
)
started_export = ns.response_shape(
    "StartedExport",
    {
        "email": fields.String(example="lin@example.com", description="Where the mail goes"),
        "created_at": fields.DateTime(),
    },
)
