"""The shape of people in lists."""

from flask_api.core import fields
from flask_api.core.pagination import page_shape
from flask_api.core.response_shapes import ResponseShape
from flask_api.people.cards import ACTIVE
from flask_api.users.models import EDUCATIONS, GENDERS

card = ResponseShape(
    "Person",
    {
        "id": fields.Integer(example=1),
        "nickname": fields.String(example="Lin"),
        "gender": fields.Choice(GENDERS, nullable=True),
        "age": fields.Integer(nullable=True, example=28, description="Their birthday is nobody else's business"),
        "avatar": fields.String(nullable=True, example="/media/demo/12.jpg"),
        "height_cm": fields.Integer(nullable=True, example=172),
        "education": fields.Choice(EDUCATIONS, nullable=True),
        "active": fields.Choice(ACTIVE, description="When they were last here"),
    },
)

found_person = ResponseShape("FoundPerson", {"person": fields.Part(card)})
found_page = page_shape(found_person)  # of cards
