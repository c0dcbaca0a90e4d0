"""HTTP of hot."""

from typing import Any

from flask import g

from flask_api.core.auth import login_check
from flask_api.core.pagination import BadCursor
from flask_api.core.resource import Resource
from flask_api.hot import schemas, services
from flask_api.hot.schemas import ns


@ns.route("/hot")
class HotList(Resource):
    @login_check
    @ns.query(schemas.hot_filter)
    @ns.fails(BadCursor)
    @ns.answer(schemas.hot_page)
    def get(self, **page: Any) -> Any:
        """List who is worth seeing now, of those I look for."""
        return services.list_hot(g.caller, **page)
