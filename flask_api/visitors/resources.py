"""HTTP of visitors."""

from typing import Any

from flask import g

from flask_api.core.auth import login_check
from flask_api.core.pagination import BadCursor
from flask_api.core.resource import Resource
from flask_api.visitors import schemas, services
from flask_api.visitors.schemas import ns


@ns.route("/visitors")
class VisitList(Resource):
    @login_check
    @ns.query(schemas.visit_query)
    @ns.fails(BadCursor)
    @ns.answer(schemas.visit_page)
    def get(self, **page: Any) -> Any:
        """List who looked at me, newest first."""
        return services.list_visits(g.user_id, **page)


@ns.route("/visitors/count")
class VisitCount(Resource):
    @login_check
    @ns.answer(schemas.visit_count)
    def get(self) -> Any:
        """Count who looked at me."""
        return services.count_visits(g.user_id)


@ns.route("/visitors/seen")
class VisitsSeen(Resource):
    @login_check
    @ns.answer(message="Visits read")
    def post(self) -> None:
        """Mark all visits as read."""
        services.mark_visits_read(g.user_id)


@ns.route("/visitors/invisibility")
class MyInvisibility(Resource):
    @login_check
    @ns.answer(schemas.invisibility)
    def get(self) -> Any:
        """Show whether I leave a trace where I look."""
        return services.get_invisibility(g.caller)

    @login_check
    @ns.body(schemas.invisibility_change)
    @ns.fails(services.NotEntitled)
    @ns.answer(schemas.invisibility)
    def put(self, sent: dict[str, Any]) -> Any:
        """Look at people without a trace, or leave one again."""
        return services.set_invisibility(g.user_id, **sent)
