"""The one place that commits.

A service that writes is marked ``@transactional``. It runs in one transaction, which commits when the service returns
and rolls back when it raises; a service called by another joins the other's transaction, and constraints have their
say at its end, not at the other's. When MySQL ends a transaction to resolve a deadlock (error 1213), the whole service
runs again.

A service that only reads uses :func:`rows`, or the session, and opens no transaction.
"""

import logging
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Executable, Row, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from flask_api.core import callers
from flask_api.core.database import WRITES, Base
from flask_api.extensions import db, reading_engine

P = ParamSpec("P")
R = TypeVar("R")
Table = TypeVar("Table", bound=Base)

log = logging.getLogger(__name__)

TRIES = 3
MYSQL_DEADLOCK = 1213

_open: ContextVar[Session | None] = ContextVar("open_transaction", default=None)
_AFTER_COMMIT = "after_commit"  # in the info of a session


def transactional(service: Callable[P, R]) -> Callable[P, R]:
    """Run ``service`` in one transaction; see the module's text."""

    @wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if (joined := _open.get()) is not None:
            result = service(*args, **kwargs)
            joined.flush()
            return result
        for attempt in range(1, TRIES + 1):
            try:
                result, later = _run_once(db.session(), lambda: service(*args, **kwargs))
            except OperationalError as error:
                if attempt == TRIES or not _is_deadlock(error):
                    raise
            else:
                _follow(later)
                return result
        raise AssertionError("unreachable")

    return run


def _run_once(session: Session, work: Callable[[], R]) -> tuple[R, list[Callable[[], object]]]:
    """Return what ``work`` returns, and what is to follow its commit."""
    session.rollback()  # a read before us may have left a transaction open
    was_open = _open.set(session)
    later: list[Callable[[], object]] = []
    session.info[_AFTER_COMMIT] = later
    try:
        session.connection(execution_options={WRITES: True})
        result = work()
        markers = callers.mark_changes(session)
    except BaseException:
        session.rollback()
        raise
    else:
        _commit(session, markers)
        return result, later
    finally:
        _open.reset(was_open)
        session.info.pop(_AFTER_COMMIT, None)
        session.info.pop(callers.CHANGED, None)


def _commit(session: Session, markers: dict[int, str]) -> None:
    """Commit. When that fails nobody knows whether it happened, so the markers stay until they run out."""
    try:
        session.commit()
    except BaseException:
        session.rollback()
        raise
    callers.take_away(markers)


def in_transaction() -> bool:
    """Whether a transaction of ours is open here."""
    return _open.get() is not None


def after_commit(work: Callable[[], object]) -> None:
    """Have ``work`` done when the open transaction has committed; not at all when it does not; at once if none is open.

    It may never happen: the process may die in between. What it raises is logged.
    """
    session = _open.get()
    if session is None:
        _follow([work])
    else:
        session.info[_AFTER_COMMIT].append(work)


def _follow(later: list[Callable[[], object]]) -> None:
    for work in later:
        try:
            work()
        except Exception:
            log.exception("what should follow a commit failed")


def rows(statement: Executable, **parameters: Any) -> Sequence[Row[Any]]:
    """Read rows without the ORM; inside a transaction of ours they are the transaction's own view."""
    session = _open.get()
    if session is not None:
        return session.execute(statement, parameters).all()
    with reading_engine.connect() as connection:
        return connection.execute(statement, parameters).all()


def lock(table: type[Table], row_id: int) -> Table | None:
    """Return a row as it is now, locked until the open transaction ends; None if it is not there."""
    return db.session.get(table, row_id, with_for_update={"of": table}, populate_existing=True)


@event.listens_for(Session, "before_flush")
def _refuse_stray_writes(session: Session, _context: Any, _instances: Any) -> None:
    if _open.get() is not session:
        raise RuntimeError("a service that writes needs @transactional")


def _is_deadlock(error: OperationalError) -> bool:
    return bool(error.orig and error.orig.args and error.orig.args[0] == MYSQL_DEADLOCK)
