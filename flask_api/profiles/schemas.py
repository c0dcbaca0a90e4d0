"""The profiles namespace and its shapes."""

from flask_api.core.resource import Namespace

ns = Namespace("profiles", description="Other people's profiles", path="/")
