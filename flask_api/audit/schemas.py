"""The namespace of the audit and its shapes."""

from flask_api.audit.models import ACTIONS, SUBJECT_KINDS
from flask_api.audit.services import Details
from flask_api.core import fields
from flask_api.core.pagination import page_fields, page_shape
from flask_api.core.resource import Namespace

ns = Namespace("audit", description="Who did what, when, and from where", path="/admin/audit")

audit_filter = ns.request_shape(
    "AuditFilter",
    {
        "action": fields.Choice(ACTIONS),
        "actor_id": fields.RowId(description="Who did it"),
        "user_id": fields.RowId(description="The account it happened to"),
        "app_key_id": fields.RowId(description="The app key it happened to"),
        "since": fields.DateTime(description="The first moment"),
        "until": fields.DateTime(description="The first moment after"),
        **page_fields(),
    },
)
audit_entry = ns.response_shape(
    "AuditEntry",
    {
        "id": fields.Integer(example=1),
        "at": fields.DateTime(),
        "action": fields.Choice(ACTIONS),
        "actor_id": fields.Integer(nullable=True, example=1, description="Null: no user, or nobody knows who"),
        "subject_kind": fields.Choice(SUBJECT_KINDS),
        "subject_id": fields.Integer(nullable=True, example=1, description="Null: nobody knows"),
        "address": fields.String(example="203.0.113.7", description="`local`: a command, or the server by itself"),
        "request_id": fields.String(example="9f86d081884c7d65", description="As in the logs; empty: no request"),
        "details": fields.Object(
            example={"way": "password", "phone": "+861****00", "reason": "CREDENTIALS_WRONG"},
            description=f"What else the action has to tell, of: {', '.join(Details.__annotations__)}",
        ),
    },
)
audit_page = page_shape(audit_entry)
