"""HTTP of looking after users."""

from typing import Any

from flask_api.admin import schemas, services
from flask_api.admin.schemas import ns
from flask_api.core.auth import login_check
from flask_api.core.idempotency import idempotent
from flask_api.core.logs import log_record
from flask_api.core.pagination import BadCursor
from flask_api.core.resource import Resource
from flask_api.users.services import LastAdmin, UserNotFound


@ns.route("/users")
class UserList(Resource):
    @login_check(role="admin")
    @ns.query(schemas.user_filter)
    @ns.fails(BadCursor)
    @ns.answer(schemas.user_page)
    def get(self, **filters: Any) -> Any:
        """List users, newest first."""
        return services.list_users(**filters)

    @log_record
    @login_check(role="admin")
    @ns.body(schemas.user_creation)
    @idempotent
    @ns.fails(services.PhoneTaken)
    @ns.answer(schemas.user, code=201, message="User created")
    def post(self, sent: dict[str, Any]) -> Any:
        """Create a user."""
        return services.create_user(**sent)


@ns.route("/users/<int:user_id>")
class UserItem(Resource):
    @login_check(role="admin")
    @ns.fails(UserNotFound)
    @ns.answer(schemas.user)
    def get(self, user_id: int) -> Any:
        """Show a user."""
        return services.get_user(user_id)

    @log_record
    @login_check(role="admin")
    @ns.body(schemas.user_changes)
    @ns.fails(UserNotFound, LastAdmin)
    @ns.answer(schemas.user)
    def patch(self, user_id: int, changes: dict[str, Any]) -> Any:
        """Change a user's role or profile."""
        return services.change_user(user_id, **changes)


@ns.route("/users/<int:user_id>/ban")
class UserBan(Resource):
    @log_record
    @login_check(role="admin")
    @ns.fails(UserNotFound, LastAdmin)
    @ns.answer(schemas.user, message="User banned")
    def put(self, user_id: int) -> Any:
        """Ban a user; all their sessions end."""
        return services.ban_user(user_id)

    @log_record
    @login_check(role="admin")
    @ns.fails(UserNotFound)
    @ns.answer(schemas.user, message="User unbanned")
    def delete(self, user_id: int) -> Any:
        """Lift a ban."""
        return services.unban_user(user_id)
