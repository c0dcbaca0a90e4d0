"""HTTP of the audit."""

from typing import Any

from flask_api.audit import schemas, services
from flask_api.audit.schemas import ns
from flask_api.core.auth import login_check
from flask_api.core.pagination import BadCursor
from flask_api.core.resource import Resource


@ns.route("")
class AuditEntryList(Resource):
    @login_check(role="admin")
    @ns.query(schemas.audit_filter)
    @ns.fails(BadCursor)
    @ns.answer(schemas.audit_page)
    def get(self, **filters: Any) -> Any:
        """List what was done, newest first."""
        return services.list_entries(**filters)
