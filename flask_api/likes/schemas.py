"""The likes namespace and its shapes."""

from flask_api.core.resource import Namespace

ns = Namespace("likes", description="Likes and matches", path="/")
