"""The nearby namespace and its shapes."""

from flask_api.core import fields
from flask_api.core.pagination import page_fields, page_shape
from flask_api.core.resource import Namespace
from flask_api.nearby.places import WORDS
from flask_api.people.schemas import card
from flask_api.users.models import GENDERS

ns = Namespace("nearby", description="People nearby", path="/")

place_setting = ns.request_shape(
    "PlaceSetting",
    {
        "latitude": fields.Number(required=True, min=-90, max=90, example=31.2304, description="Degrees"),
        "longitude": fields.Number(required=True, min=-180, max=180, example=121.4737, description="Degrees"),
    },
)
place_change = ns.request_shape(
    "PlaceChange",
    {"is_hidden": fields.Boolean(required=True, example=True, description="Nobody finds me by my place")},
)
my_place = ns.response_shape(
    "MyPlace",
    {
        "placed_at": fields.DateTime(nullable=True, description="When I said where I am; null: nobody knows"),
        "is_hidden": fields.Boolean(example=False),
    },
)
neighbour = ns.response_shape(
    "Neighbour",
    {
        "person": fields.Nested(card),
        "distance": fields.Choice(WORDS, description="How far away, about: places are blurred by up to 2.8 km"),
    },
)
neighbour_page = page_shape(neighbour)
nearby_filter = ns.request_shape(
    "NearbyFilter",
    {
        **page_fields(),
        "gender": fields.Choice(GENDERS),
        "age_min": fields.Integer(min=18, max=120),
        "age_max": fields.Integer(min=18, max=120),
    },
)
