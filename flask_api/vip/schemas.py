"""The vip namespace and its shapes."""

from flask_api.core import fields
from flask_api.core.resource import Namespace
from flask_api.vip.models import NAMES

ns = Namespace("vip", description="What members may do beyond what everybody may", path="/")

entitlement_change = ns.request_shape(
    "EntitlementChange", {"until": fields.DateTime(required=True, description="A moment that is past takes it away")}
)
entitlement = ns.response_shape("Entitlement", {"name": fields.Choice(NAMES), "until": fields.DateTime()})
entitlement_list = ns.response_shape("EntitlementList", {"items": fields.List(fields.Nested(entitlement))})
