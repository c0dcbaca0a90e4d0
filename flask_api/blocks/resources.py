"""HTTP of blocks."""

from typing import Any

from flask import g

from flask_api.blocks import reports, schemas, services
from flask_api.blocks.schemas import ns
from flask_api.core.auth import login_check
from flask_api.core.errors import InvalidField
from flask_api.core.idempotency import idempotent
from flask_api.core.logs import log_record
from flask_api.core.pagination import BadCursor
from flask_api.core.rate_limits import limited_inside
from flask_api.core.resource import Resource
from flask_api.people.sight import NotYourself
from flask_api.users.services import UserNotFound


@ns.route("/blocks")
class BlockList(Resource):
    @login_check
    @ns.query(schemas.block_filter)
    @ns.fails(BadCursor)
    @ns.answer(schemas.block_page)
    def get(self, **page: Any) -> Any:
        """List whom I have blocked, newest first."""
        return services.list_blocks(g.user_id, **page)


@ns.route("/blocks/<int:user_id>")
class BlockItem(Resource):
    @login_check
    @limited_inside(services.BLOCKS_PER_USER)
    @ns.fails(NotYourself, UserNotFound, services.TooManyBlocks)
    @ns.answer(message="Blocked")
    def put(self, user_id: int) -> None:
        """Block somebody; neither sees the other from then on."""
        services.block(g.user_id, user_id)

    @login_check
    @ns.fails(services.BlockNotFound)
    @ns.answer(message="Unblocked")
    def delete(self, user_id: int) -> None:
        """Lift a block of mine."""
        services.unblock(g.user_id, user_id)


@ns.route("/reports")
class ReportList(Resource):
    @login_check
    @limited_inside(reports.REPORTS_PER_USER)
    @ns.body(schemas.report_creation)
    @idempotent
    @ns.fails(
        NotYourself, UserNotFound, InvalidField, reports.SubjectNotFound, reports.ReportOpen, reports.TooManyReports
    )
    @ns.answer(schemas.report_made, code=201, message="Reported")
    def post(self, sent: dict[str, Any]) -> Any:
        """Report somebody, or something of theirs, to the admins."""
        return reports.create_report(g.user_id, **sent)


@ns.route("/admin/reports")
class ReportQueue(Resource):
    @login_check(role="admin")
    @ns.query(schemas.report_filter)
    @ns.fails(BadCursor)
    @ns.answer(schemas.report_page)
    def get(self, **filters: Any) -> Any:
        """List reports, newest first."""
        return reports.list_reports(**filters)


@ns.route("/admin/reports/<int:report_id>/resolution")
class ReportResolution(Resource):
    @log_record
    @login_check(role="admin")
    @ns.body(schemas.resolution)
    @ns.fails(reports.ReportNotFound, reports.ReportResolved)
    @ns.answer(schemas.report, message="Report resolved")
    def post(self, report_id: int, sent: dict[str, Any]) -> Any:
        """Resolve a report."""
        return reports.resolve_report(report_id, **sent)
