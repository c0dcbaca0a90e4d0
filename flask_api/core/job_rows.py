"""The tables of background jobs and of schedules, and how their rows go from one state to the next.

A job's row is made in the transaction of what it follows from (an outbox), and lives until the job has succeeded. It
is the truth: a message in Redis only says that there is something to do. Who runs a job claims it first, by an UPDATE
that only one can win, for the time of a lease; when the worker dies, the lease ends and the job is due again. What is
due, and since when, is by the database's clock: those of the hosts may differ.
"""

import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Float, Index, String, Text, bindparam, delete, insert, select, update
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from flask_api.core.database import Base, BigId, Moment, exact_text, moment
from flask_api.core.encryption import encrypt
from flask_api.core.transaction import rows, transactional
from flask_api.extensions import db

DELAYS = (5, 15, 60, 300, 900, 3600)  # seconds before the second, third, … try; the last for all that follow
JITTER = 0.25  # of the delay, so that what failed together is not tried together
PUT_OFF = 30  # seconds; for jobs that only a newer release knows
DAY = 86400  # seconds
DEAD_KEPT = 30 * DAY
MAX_ERROR = 300  # characters
BATCH = 500


class Job(Base):
    """A job that is not done yet. ``arguments``: encrypted JSON, as there may be secrets in it."""

    __tablename__ = "job"
    __table_args__ = (
        Index(None, "died_at", "due_at"),  # what is due (died_at is null), and the dead, newest first
        {"sqlite_autoincrement": True},  # an id is never given again
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(exact_text(200))
    arguments: Mapped[str] = mapped_column(Text().with_variant(mysql.MEDIUMTEXT(), "mysql"))
    request_id: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Moment)
    due_at: Mapped[datetime] = mapped_column(Moment)
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(String(MAX_ERROR))
    died_at: Mapped[datetime | None] = mapped_column(Moment)


class Schedule(Base):
    """When a job that comes round is stored next, by whichever host is first."""

    __tablename__ = "schedule"

    name: Mapped[str] = mapped_column(exact_text(200), primary_key=True)
    next_at: Mapped[datetime] = mapped_column(Moment)


IS_DUE = (Job.died_at.is_(None) & (Job.due_at <= moment())).label("is_due")
ROW = select(Job.__table__, IS_DUE).where(Job.id == bindparam("id"))
DUE = select(Job.id).where(Job.died_at.is_(None), Job.due_at <= moment(-bindparam("since", type_=Float)))
DUE = DUE.order_by(Job.due_at).limit(bindparam("size"))
OLD_DEAD = select(Job.id).where(Job.died_at < moment(-DEAD_KEPT)).limit(BATCH)
SCHEDULES = select(Schedule.name, (Schedule.next_at <= moment()).label("is_due"))
PRESENT = select(moment().label("moment"))


@transactional
def store(name: str, arguments: str, request_id: str | None) -> int:
    """Store a job that is due at once; return its id."""
    columns = {"name": name, "arguments": encrypt(arguments), "request_id": request_id, "attempts": 0}
    result: Any = db.session.execute(insert(Job).values(**columns, created_at=moment(), due_at=moment()))
    return int(result.inserted_primary_key[0])


def find(job_id: int) -> Any:
    """Return a job's row, and whether it ``is_due``; or None."""
    found = rows(ROW, id=job_id)
    return found[0] if found else None


def due_ids(size: int, *, since: float = 0) -> list[int]:
    """Return the ids of jobs that have been due for ``since`` seconds, the longest first."""
    return [row.id for row in rows(DUE, since=since, size=size)]


@transactional
def claim(row: Any, lease: float) -> bool:
    """Take a due job for ``lease`` seconds; False: somebody else has it."""
    return _change(
        Job.id == row.id, Job.attempts == row.attempts, Job.died_at.is_(None), Job.due_at <= moment(),
        due_at=moment(lease), attempts=row.attempts + 1,
    )  # fmt: skip


@transactional
def renew(job_id: int, attempt: int, lease: float) -> bool:
    """Keep a claimed job for ``lease`` seconds more; False: it is not ours any more."""
    return _change(*_ours(job_id, attempt), due_at=moment(lease))


@transactional
def finish(job_id: int) -> None:
    """Forget a job: it is done, whoever else may be at it."""
    db.session.execute(delete(Job).where(Job.id == job_id).execution_options(synchronize_session=False))


@transactional
def fail(job_id: int, attempt: int, error: str) -> None:
    """Have a job tried again later."""
    delay = DELAYS[min(attempt, len(DELAYS)) - 1] * (1 + random.uniform(0, JITTER))  # noqa: S311 - no secret
    _change(*_ours(job_id, attempt), due_at=moment(delay), last_error=error[:MAX_ERROR])


@transactional
def bury(job_id: int, attempt: int, error: str) -> None:
    """Give a job up, until somebody requeues it."""
    _change(*_ours(job_id, attempt), died_at=moment(), last_error=error[:MAX_ERROR])


@transactional
def give_back(job_id: int, attempt: int) -> None:
    """Have a claimed job run by somebody else, now. The try counts: a job that ends its worker must come to an end."""
    _change(*_ours(job_id, attempt), due_at=moment())


@transactional
def put_off(row: Any, days: int) -> bool:
    """Leave a due job to others, who may know it, or give it up when it was stored so many days ago.

    Returns:
        Whether it is given up.
    """
    due = (Job.id == row.id, Job.attempts == row.attempts, Job.died_at.is_(None), Job.due_at <= moment())
    reason = f"no release has known a job of this name for {days} days"
    if _change(*due, Job.created_at <= moment(-days * DAY), died_at=moment(), last_error=reason):
        return True
    _change(*due, due_at=moment(PUT_OFF), last_error="no job of this name in this release")
    return False


@transactional
def requeue(ids: Sequence[int]) -> int:
    """Have these dead jobs tried again, as if they were new; return how many they were."""
    dead = update(Job).where(Job.id.in_(ids), Job.died_at.is_not(None))
    return _run(dead.values(died_at=None, created_at=moment(), due_at=moment(), attempts=0))


@transactional
def drop(ids: Sequence[int]) -> int:
    """Delete jobs that will not be run; return how many were there."""
    return _run(delete(Job).where(Job.id.in_(ids)))


def delete_old_dead() -> int:
    """Delete the jobs that have been dead for ``DEAD_KEPT``; return how many."""
    deleted = 0
    while batch := rows(OLD_DEAD):
        deleted += _drop_dead([row.id for row in batch])
    return deleted


@transactional
def _drop_dead(ids: Sequence[int]) -> int:
    old = Job.died_at < moment(-DEAD_KEPT)  # somebody may have requeued one by now
    return _run(delete(Job).where(Job.id.in_(ids), old))


def _ours(job_id: int, attempt: int) -> tuple[Any, ...]:
    return Job.id == job_id, Job.attempts == attempt, Job.died_at.is_(None)


def _change(*conditions: Any, **values: Any) -> bool:
    return _run(update(Job).where(*conditions).values(**values)) == 1


def _run(statement: Any) -> int:
    result: Any = db.session.execute(statement.execution_options(synchronize_session=False))
    return int(result.rowcount)
