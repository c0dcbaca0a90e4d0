"""The visitors namespace and its shapes."""

from flask_api.core import fields
from flask_api.core.pagination import page_fields, page_shape
from flask_api.core.resource import Namespace
from flask_api.people.schemas import card

ns = Namespace("visitors", description="Who looked at me", path="/")

visit_query = ns.request_shape("VisitQuery", page_fields())
invisibility_change = ns.request_shape("InvisibilityChange", {"is_invisible": fields.Boolean(required=True)})

visit = ns.response_shape(
    "Visit",
    {
        "person": fields.Nested(card, nullable=True, description="Null without the entitlement `visitors`"),
        "day": fields.Date(description="UTC; a visitor comes once for each day"),
    },
)
visit_page = page_shape(visit)
visit_count = ns.response_shape(
    "VisitCount",
    {
        "count": fields.Integer(example=12, description="999: so many or more"),
        "is_entitled": fields.Boolean(description="Whether the list tells who they are"),
    },
)
invisibility = ns.response_shape(
    "Invisibility",
    {
        "is_invisible": fields.Boolean(description="Whether I want to leave no trace"),
        "is_entitled": fields.Boolean(description="Whether I may: else I leave one all the same"),
    },
)
