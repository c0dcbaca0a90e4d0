"""HTTP of profiles."""

from typing import Any

from flask import g

from flask_api.core.auth import login_check
from flask_api.core.resource import Resource
from flask_api.profiles import services
from flask_api.profiles.schemas import ns, profile
from flask_api.users.services import UserNotFound


@ns.route("/users/<int:user_id>")
class ProfileItem(Resource):
    @login_check
    @ns.fails(UserNotFound)
    @ns.answer(profile)
    def get(self, user_id: int) -> Any:
        """Show somebody's profile; they learn of it."""
        return services.get_profile(g.caller, user_id)
