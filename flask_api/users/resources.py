"""HTTP of one's own account and profile."""

from typing import Any

from flask import g

from flask_api.core.auth import login_check
from flask_api.core.resource import Resource
from flask_api.users import services
from flask_api.users.schemas import my_profile, ns, profile_changes


@ns.route("/me")
class Me(Resource):
    @login_check
    @ns.answer(my_profile)
    def get(self) -> Any:
        """Show my account and profile."""
        return g.caller

    @login_check
    @ns.body(profile_changes)
    @ns.fails(services.UserNotFound)
    @ns.answer(my_profile)
    def patch(self, changes: dict[str, Any]) -> Any:
        """Change my profile."""
        return services.change_profile(g.user_id, **changes)
