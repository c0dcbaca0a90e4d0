"""The nearby namespace and its shapes."""

from flask_api.core.resource import Namespace

ns = Namespace("nearby", description="People nearby", path="/")
