"""The one place that commits.

A service that writes is marked ``@transactional``. It runs in one transaction, which commits when the service returns
and rolls back when it raises; a service called by another joins the other's transaction. When MySQL ends a transaction
to resolve a deadlock (error 1213), the whole service runs again.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Executable, Row
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from flask_api.core import callers
from flask_api.core.database import WRITES
from flask_api.extensions import db

P = ParamSpec("P")
R = TypeVar("R")

TRIES = 3
MYSQL_DEADLOCK = 1213
ACTIVE = "solo_transaction"  # key of Session.info while a transaction of ours is open


def transactional(service: Callable[P, R]) -> Callable[P, R]:
    """Run ``service`` in one transaction; see the module's text."""

    @wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        session = db.session()
        if session.info.get(ACTIVE):
            return service(*args, **kwargs)
        for attempt in range(1, TRIES + 1):
            try:
                return _run_once(session, lambda: service(*args, **kwargs))
            except OperationalError as error:
                if attempt == TRIES or not _is_deadlock(error):
                    raise
        raise AssertionError("unreachable")

    return run


def _run_once(session: Session, work: Callable[[], R]) -> R:
    session.rollback()  # a read before us may have left a transaction open
    session.info[ACTIVE] = True
    markers: dict[int, str] = {}
    try:
        session.connection(execution_options={WRITES: True})
        result = work()
        markers = callers.mark_changes(session)
        session.commit()
        return result
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop(ACTIVE, None)
        session.info.pop(callers.CHANGED, None)
        if markers:
            callers.take_away(markers)


def _is_deadlock(error: OperationalError) -> bool:
    return bool(error.orig and error.orig.args and error.orig.args[0] == MYSQL_DEADLOCK)


def rows(statement: Executable, **parameters: Any) -> Sequence[Row[Any]]:
    """Read rows without the ORM; inside a transaction of ours they are the transaction's own view."""
    session = db.session()
    if session.info.get(ACTIVE):
        return session.execute(statement, parameters).all()
    with db.engine.connect() as connection:
        return connection.execute(statement, parameters).all()
