"""The hot namespace and its shapes."""

from flask_api.core import fields
from flask_api.core.pagination import page_fields, page_shape
from flask_api.core.resource import Namespace
from flask_api.people.schemas import card

ns = Namespace("hot", description="People worth seeing now", path="/")

hot_person = ns.response_shape("HotPerson", {"person": fields.Nested(card)})
hot_page = page_shape(hot_person)
hot_filter = ns.request_shape("HotFilter", page_fields())
