"""The search namespace and its shapes."""

from flask_api.core.resource import Namespace

ns = Namespace("search", description="Looking for people", path="/")
