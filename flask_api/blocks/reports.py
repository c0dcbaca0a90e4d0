"""Reports: what people tell the admins of each other, and the admins' queue of it."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from flask_api.audit import services as audit
from flask_api.blocks.models import Report
from flask_api.blocks.services import has_blocked
from flask_api.core import personal_data
from flask_api.core.database import now
from flask_api.core.errors import Conflict, InvalidField, NotFound, TooManyRequests
from flask_api.core.pagination import DEFAULT_LIMIT, Page, make_page, newest_first, read_cursor
from flask_api.core.rate_limits import Limit, budget_of, give_back, take
from flask_api.core.transaction import lock, rows, transactional
from flask_api.extensions import db, settings
from flask_api.people import subjects
from flask_api.people.sight import require_other
from flask_api.setting_kinds import Quota
from flask_api.users.models import UserInfo
from flask_api.users.services import UserNotFound

REPORTS = "reports"  # names the list in its cursors
DAY = 86400  # seconds
REPORTS_PER_USER = Limit("reports", "a user", lambda _: Quota(20, DAY))


class SubjectNotFound(NotFound):
    status = "SUBJECT_NOT_FOUND"
    message = "This person has no such photo, post or message."


class ReportOpen(Conflict):
    status = "REPORT_OPEN"
    message = "You have reported this already; the admins have it before them."


class TooManyReports(TooManyRequests):
    status = "TOO_MANY_REPORTS"
    message = "You have reported as much as one may in a day."


class ReportNotFound(NotFound):
    status = "REPORT_NOT_FOUND"
    message = "There is no such report."


class ReportResolved(Conflict):
    status = "REPORT_RESOLVED"
    message = "This report is resolved already."


Reporter, Reported = aliased(UserInfo), aliased(UserInfo)
LISTED = (
    select(
        *Report.__table__.columns,
        Reporter.nickname.label("reporter_nickname"),
        Reported.nickname.label("user_nickname"),
    )
    .outerjoin(Reporter, Reporter.user_id == Report.reporter_id)
    .outerjoin(Reported, Reported.user_id == Report.user_id)
)
ONE = LISTED.where(Report.id == bindparam("report_id"))


def create_report(
    reporter_id: int, *, user_id: int, kind: str, reason: str, subject_id: int | None = None, text: str = ""
) -> Any:
    """Report somebody, or something of his.

    Args:
        subject_id: of the photo, post or message; of a profile the user's, or left out.

    Raises:
        NotYourself, UserNotFound: whom I have blocked I may still report.
        InvalidField: ``subject_id`` is missing, or of a profile and not the user's.
        SubjectNotFound: he has no such thing.
        ReportOpen: I have reported it, and it is not resolved.
        TooManyReports: I have reported too much today.
    """
    subject_id = _subject_of(kind, user_id, subject_id)
    if not has_blocked(reporter_id, user_id):
        require_other(reporter_id, user_id)
    budget = budget_of([REPORTS_PER_USER], settings)
    if budget is not None and (wait := take(budget, str(reporter_id))):
        raise TooManyReports(retry_after=wait)
    # Whose it is, is told so often and no more: whom I have blocked may hide from me meanwhile.
    if not subjects.belongs_to(kind, subject_id, user_id):
        raise SubjectNotFound
    columns = {"user_id": user_id, "kind": kind, "subject_id": subject_id, "reason": reason, "text": text}
    try:
        return _add(reporter_id=reporter_id, **columns)
    except IntegrityError as error:
        if budget is not None:
            give_back(budget, str(reporter_id))
        raise _why(error) from None


def _subject_of(kind: str, user_id: int, subject_id: int | None) -> int:
    if kind == "profile" and subject_id in (None, user_id):
        return user_id
    if kind != "profile" and subject_id is not None:
        return subject_id
    message = "is missing" if subject_id is None else "must be the user's, or left out, where it is a profile"
    errors = [{"field": "subject_id", "message": message}]
    raise InvalidField(f"subject_id {message}", field="subject_id", errors=errors)


def _why(error: IntegrityError) -> Exception:
    """Return what an insertion was refused for: it is there already, or the account has gone meanwhile."""
    return UserNotFound() if "foreign key" in str(error.orig).lower() else ReportOpen()


@transactional
def _add(**columns: Any) -> Any:
    report = Report(**columns)
    db.session.add(report)
    db.session.flush()
    return rows(ONE, report_id=report.id)[0]


def list_reports(*, state: str | None = None, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page:
    """Return reports, newest first."""
    after = None if cursor is None else read_cursor(REPORTS, cursor, [int])
    query = newest_first(LISTED, Report.id, equal={Report.state: state}, after=after).limit(limit + 1)
    page = make_page(REPORTS, rows(query), limit, lambda report: [report.id])
    return Page(_with_subjects(page.items), page.next_cursor)


def _with_subjects(reports: Sequence[Row[Any]]) -> list[Any]:
    """Return the reports, each with what it is about."""
    ids: dict[str, list[int]] = {}
    for report in reports:
        ids.setdefault(report.kind, []).append(report.subject_id)
    found = {kind: subjects.shown(kind, of_kind) for kind, of_kind in ids.items()}
    return [SimpleNamespace(**report._mapping, subject=found[report.kind].get(report.subject_id)) for report in reports]


@transactional
def resolve_report(report_id: int, *, outcome: str, note: str = "") -> Any:
    """Resolve a report: something was wrong (upheld), or nothing was (dismissed).

    Raises:
        ReportNotFound, ReportResolved.
    """
    report = lock(Report, report_id)
    if report is None:
        raise ReportNotFound
    if report.state != "open":
        raise ReportResolved
    report.state, report.is_open, report.note, report.resolved_at = outcome, None, note, now()
    audit.record("report_resolved", user_id=report.user_id, report_id=report_id, outcome=outcome)
    db.session.flush()
    return _with_subjects(rows(ONE, report_id=report_id))[0]


# Whom it was about is not for an export: I may not know of him now.
EXPORT = select(Report.kind, Report.reason, Report.text, Report.state, Report.created_at).order_by(Report.id)
EXPORT = EXPORT.where(Report.reporter_id == bindparam("user_id"))
personal_data.register("reports", export=lambda user_id: [dict(row._mapping) for row in rows(EXPORT, user_id=user_id)])
