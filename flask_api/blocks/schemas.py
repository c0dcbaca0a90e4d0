"""The blocks namespace and its shapes."""

from flask_api.core.resource import Namespace

ns = Namespace("blocks", description="Blocking and reporting people", path="/")
