"""The badges namespace and its shapes."""

from flask_api.core.resource import Namespace

ns = Namespace("badges", description="What is new, for the app's badge", path="/")
