"""The labels namespace and its shapes."""

from flask_api.core.resource import Namespace

ns = Namespace("labels", description="Labels that people give themselves", path="/")
