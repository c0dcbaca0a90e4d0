"""The hot namespace and its shapes."""

from flask_api.core.resource import Namespace

ns = Namespace("hot", description="People worth seeing now", path="/")
