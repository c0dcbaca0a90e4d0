"""The labels namespace and its shapes."""

from typing import Any

from flask_api.core import fields
from flask_api.core.pagination import page_fields
from flask_api.core.resource import Namespace
from flask_api.labels.models import FOR_GENDERS, KINDS
from flask_api.labels.services import MAX_LABELS
from flask_api.people.schemas import card, found_person
from flask_api.users.models import GENDERS

ns = Namespace("labels", description="Labels that people give themselves", path="/")

NAME: dict[str, Any] = {"max_length": 30, "example": "Climbing"}
FOR_WHOM = "Whom it is for"

own_label = ns.response_shape(
    "OwnLabel",
    {
        "id": fields.Integer(example=1),
        "name": fields.String(example="Climbing"),
        "kind": fields.Choice(KINDS),
    },
)
own_labels = ns.response_shape("OwnLabels", {"items": fields.List(fields.Nested(own_label))})
label = ns.response_shape(
    "Label",
    {
        **own_label,
        "gender": fields.Choice(FOR_GENDERS, description=FOR_WHOM),
        "is_active": fields.Boolean(example=True),
    },
)
label_list = ns.response_shape("LabelList", {"items": fields.List(fields.Nested(label))})
label_filter = ns.request_shape(
    "LabelFilter", {"gender": fields.Choice(GENDERS, description="What people of this gender may pick")}
)
label_creation = ns.request_shape(
    "LabelCreation",
    {
        "name": fields.Name(required=True, **NAME),
        "kind": fields.Choice(KINDS, required=True),
        "gender": fields.Choice(FOR_GENDERS, required=True, description=FOR_WHOM),
    },
)
label_changes = ns.request_shape(
    "LabelChanges",
    {
        "name": fields.Name(**NAME),
        "kind": fields.Choice(KINDS),
        "gender": fields.Choice(FOR_GENDERS, description=FOR_WHOM),
        "is_active": fields.Boolean(description="False: in use no longer, and shown on nobody"),
    },
    any_of_them=True,
)
label_choice = ns.request_shape(
    "LabelChoice",
    {"label_ids": fields.List(fields.RowId(), required=True, unique=True, max_items=MAX_LABELS, example=[])},
)
people_filter = ns.request_shape("LabelPeopleFilter", page_fields())
for shape in (card, found_person):  # what `found_page` is made of
    ns.add_model(shape.name, shape)
