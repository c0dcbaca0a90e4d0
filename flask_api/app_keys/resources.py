"""HTTP of app keys."""

from typing import Any

from flask_api.app_keys import schemas, services
from flask_api.app_keys.schemas import ns
from flask_api.core.auth import login_check
from flask_api.core.idempotency import idempotent
from flask_api.core.pagination import BadCursor
from flask_api.core.resource import Resource


@ns.route("")
class AppKeyList(Resource):
    @login_check(role="admin")
    @ns.query(schemas.app_key_query)
    @ns.fails(BadCursor)
    @ns.answer(schemas.app_key_page)
    def get(self, **page: Any) -> Any:
        """List app keys, newest first."""
        return services.list_app_keys(**page)

    @login_check(role="admin")
    @ns.body(schemas.app_key_creation)
    @idempotent
    @ns.answer(schemas.issued_secret, code=201, message="App key created")
    def post(self, sent: dict[str, Any]) -> Any:
        """Make an app key; its secret is shown only now."""
        return services.create_app_key(**sent)


@ns.route("/<int:app_key_id>")
class AppKeyItem(Resource):
    @login_check(role="admin")
    @ns.body(schemas.app_key_changes)
    @ns.fails(services.AppKeyNotFound)
    @ns.answer(schemas.app_key)
    def patch(self, app_key_id: int, changes: dict[str, Any]) -> Any:
        """Change an app key, disable it, or let it in again."""
        return services.change_app_key(app_key_id, **changes)


@ns.route("/<int:app_key_id>/secrets")
class AppKeySecrets(Resource):
    @login_check(role="admin")
    @ns.body(schemas.rotation)
    @idempotent
    @ns.fails(services.AppKeyNotFound)
    @ns.answer(schemas.issued_secret, code=201, message="Secret rotated")
    def post(self, app_key_id: int, sent: dict[str, Any]) -> Any:
        """Give an app key a new secret; the one before stays valid for a while."""
        return services.rotate_secret(app_key_id, **sent)
