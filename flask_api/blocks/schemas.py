"""The blocks namespace and its shapes."""

from typing import Any

from flask_api.blocks.models import KINDS, OUTCOMES, REASONS, STATES
from flask_api.core import fields
from flask_api.core.pagination import page_fields, page_shape
from flask_api.core.resource import Namespace

ns = Namespace("blocks", description="Blocking and reporting people", path="/")

block_filter = ns.request_shape("BlockFilter", page_fields())
blocked_person = ns.response_shape(
    "BlockedPerson",
    {
        "id": fields.Integer(attribute="blocked_id", example=7),
        "nickname": fields.String(nullable=True, example="Lin", description="null where they are hidden anyhow"),
        "avatar": fields.String(nullable=True, example="/media/demo/12.jpg"),
    },
)
block = ns.response_shape("Block", {"person": fields.Part(blocked_person), "created_at": fields.DateTime()})
block_page = page_shape(block)

KIND: dict[str, Any] = {"description": "What is reported"}
TEXT: dict[str, Any] = {"max_length": 1000}

report_creation = ns.request_shape(
    "ReportCreation",
    {
        "user_id": fields.RowId(required=True, description="Whose it is"),
        "kind": fields.Choice(KINDS, required=True, **KIND),
        "subject_id": fields.RowId(description="Of the photo, post or message; of a profile the user's, or left out"),
        "reason": fields.Choice(REASONS, required=True),
        "text": fields.String(**TEXT, example="Asks everybody for money."),
    },
)
report_made = ns.response_shape(
    "ReportMade",
    {
        "id": fields.Integer(example=1),
        "kind": fields.Choice(KINDS, **KIND),
        "reason": fields.Choice(REASONS),
        "text": fields.String(example="Asks everybody for money."),
        "state": fields.Choice(STATES),
        "created_at": fields.DateTime(),
    },
)
report_filter = ns.request_shape("ReportFilter", {"state": fields.Choice(STATES), **page_fields()})
resolution = ns.request_shape(
    "Resolution",
    {
        "outcome": fields.Choice(OUTCOMES, required=True, description="upheld: something was wrong"),
        "note": fields.String(**TEXT, example="Warned once already."),
    },
)
reporter = ns.response_shape(
    "Reporter",
    {
        "id": fields.Integer(attribute="reporter_id", example=1),
        "nickname": fields.String(attribute="reporter_nickname", example="Ada"),
    },
)
reported = ns.response_shape(
    "ReportedPerson",
    {
        "id": fields.Integer(attribute="user_id", example=7),
        "nickname": fields.String(attribute="user_nickname", example="Lin"),
    },
)
subject = ns.response_shape(
    "ReportedSubject",
    {
        "title": fields.String(nullable=True, example="Lin", description="Of a post; of a profile the nickname"),
        "text": fields.String(example="Climbs, cooks, reads maps.", description="Of a post the first 2,000 characters"),
        "image": fields.String(nullable=True, example="/media/demo/12.jpg"),
    },
)
report = ns.response_shape(
    "Report",
    {
        "id": fields.Integer(example=1),
        "kind": fields.Choice(KINDS, **KIND),
        "subject_id": fields.Integer(example=3, description="Of a profile the user's id"),
        "subject": fields.Nested(subject, nullable=True, description="As it is now; null: it is gone"),
        "user": fields.Part(reported),
        "reporter": fields.Part(reporter),
        "reason": fields.Choice(REASONS),
        "text": fields.String(example="Asks everybody for money."),
        "state": fields.Choice(STATES),
        "note": fields.String(example="Warned once already.", description="The admins' own"),
        "created_at": fields.DateTime(),
        "resolved_at": fields.DateTime(nullable=True),
    },
)
report_page = page_shape(report)
