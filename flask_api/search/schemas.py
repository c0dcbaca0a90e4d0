"""The search namespace and its shapes."""

from typing import Any

from flask_api.core import fields
from flask_api.core.pagination import page_fields
from flask_api.core.resource import Namespace
from flask_api.nearby.places import CIRCLES
from flask_api.people.schemas import card, found_person
from flask_api.search.services import ACTIVE_WITHIN, MOST_LABELS, ORDERS
from flask_api.users.models import EDUCATIONS, GENDERS, SALARIES
from flask_api.users.services import ADULT, OLDEST

ns = Namespace("search", description="Looking for people", path="/")
for shape in (card, found_person):  # what `found_page` is made of
    ns.add_model(shape.name, shape)


def _age(**options: Any) -> fields.Integer:
    return fields.Integer(min=ADULT, max=OLDEST, **options)


wishes = ns.response_shape(
    "Wishes",
    {
        "gender": fields.Choice(GENDERS, attribute="seeks_gender", nullable=True),
        "age_min": fields.Integer(attribute="seeks_age_min", nullable=True, example=25),
        "age_max": fields.Integer(attribute="seeks_age_max", nullable=True, example=35),
    },
)
wish_changes = ns.request_shape(
    "WishChanges",
    {
        "gender": fields.Choice(GENDERS, required=True, nullable=True, description="null: anybody"),
        "age_min": _age(required=True, nullable=True, example=25),
        "age_max": _age(required=True, nullable=True, example=35),
    },
)

_height: dict[str, Any] = {"min": 100, "max": 250, "description": "In cm; who does not tell is left out"}
search_filter = ns.request_shape(
    "PeopleFilter",
    {
        "gender": fields.Choice(GENDERS),
        "age_min": _age(description="In years; who does not tell a birthday is left out"),
        "age_max": _age(),
        "height_min": fields.Integer(**_height),
        "height_max": fields.Integer(**_height),
        "education": fields.List(fields.Choice(EDUCATIONS), min_items=1, unique=True, description="One of these"),
        "salary": fields.List(fields.Choice(SALARIES), min_items=1, unique=True, description="One of these"),
        "label_id": fields.List(
            fields.RowId(), min_items=1, max_items=MOST_LABELS, unique=True, description="All of these"
        ),
        "distance_km": fields.Choice(map(str, CIRCLES), description="No farther than this from my place"),
        "active": fields.Choice(ACTIVE_WITHIN, description="When they were last here"),
        "is_new": fields.Boolean(default=False, description="Those who came within the last 7 days"),
        "is_mutual": fields.Boolean(default=False, description="Those who look for somebody of my gender and age"),
        "order": fields.Choice(ORDERS, default="active", description="Latest activity, or newest members, first"),
        **page_fields(),
    },
)
