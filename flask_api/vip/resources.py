"""HTTP of entitlements."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import g

from flask_api.core.auth import login_check
from flask_api.core.logs import log_record
from flask_api.core.resource import Resource
from flask_api.users.services import UserNotFound
from flask_api.vip import entitlements
from flask_api.vip.schemas import entitlement, entitlement_change, entitlement_list, ns


@dataclass(frozen=True, slots=True)
class EntitlementList:
    items: Sequence[Any]


@ns.route("/users/me/entitlements")
class MyEntitlements(Resource):
    @login_check
    @ns.answer(entitlement_list)
    def get(self) -> Any:
        """List what I may do beyond what everybody may."""
        return EntitlementList(entitlements.list_entitlements(g.user_id))


@ns.route("/admin/users/<int:user_id>/entitlements/<string:name>")
class EntitlementItem(Resource):
    @log_record
    @login_check(role="admin")
    @ns.body(entitlement_change)
    @ns.fails(UserNotFound, entitlements.EntitlementUnknown)
    @ns.answer(entitlement)
    def put(self, user_id: int, name: str, sent: dict[str, Any]) -> Any:
        """Let a user have an entitlement until a moment."""
        return entitlements.set_entitlement(user_id, name, **sent)
