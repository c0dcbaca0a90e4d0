"""The health namespace and its shapes."""

from flask_api.core import fields
from flask_api.core.resource import Namespace

ns = Namespace("health", description="For load balancers and people on call", path="/health")

live = ns.response_shape("Live", {"alive": fields.Boolean(example=True)})
ready = ns.response_shape(
    "Ready",
    {
        "database": fields.String(example="ok"),
        "redis": fields.String(example="ok"),
        "migration": fields.String(example="ok", description="The tables are of the revision that this release needs"),
        "revision": fields.String(nullable=True, example="3f2a9c1b7d4e"),
        "release": fields.String(example="20261121T093000Z-4f2a9c1b7d4e", description="`development` in a checkout"),
    },
)
