"""The visitors namespace and its shapes."""

from flask_api.core.resource import Namespace

ns = Namespace("visitors", description="Who looked at me", path="/")
