"""HTTP of badges."""

from typing import Any

from flask import g

from flask_api.badges import schemas, services
from flask_api.badges.schemas import ns
from flask_api.core.auth import login_check
from flask_api.core.resource import Resource


@ns.route("/users/me/badges")
class BadgeList(Resource):
    @login_check
    @ns.answer(schemas.badges)
    def get(self) -> Any:
        """Count my unread visitors, likes and matches."""
        return services.get_badges(g.user_id)
