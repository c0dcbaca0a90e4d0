"""The tables of background jobs and of schedules, and how their rows go from one state to the next.

A job's row is made in the transaction of what it follows from (an outbox), and lives until the job has succeeded. It
is the truth: a message in Redis only says that there is something to do. Who runs a job claims it first, by an UPDATE
that only one can win, for the time of a lease; when the worker dies, the lease ends and the job is due again.
"""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Index, String, Text, bindparam, delete, select, update
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from flask_api.core.database import Base, BigId, Moment, exact_text, now
from flask_api.core.encryption import encrypt
from flask_api.core.transaction import rows, transactional
from flask_api.extensions import db

DELAYS = (5, 15, 60, 300, 900, 3600)  # seconds before the second, third, … try; the last for all that follow
JITTER = 0.25  # of the delay, so that what failed together is not tried together
PUT_OFF = 30  # seconds; for jobs that only a newer release knows
DEAD_KEPT = timedelta(days=30)
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
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    due_at: Mapped[datetime] = mapped_column(Moment)
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(String(MAX_ERROR))
    died_at: Mapped[datetime | None] = mapped_column(Moment)


class Schedule(Base):
    """When a job that comes round is stored next, by whichever host is first."""

    __tablename__ = "schedule"

    name: Mapped[str] = mapped_column(exact_text(200), primary_key=True)
    next_at: Mapped[datetime] = mapped_column(Moment)


ROW = select(Job.__table__).where(Job.id == bindparam("id"))
DUE = select(Job.id).where(Job.died_at.is_(None), Job.due_at <= bindparam("moment"))
DUE = DUE.order_by(Job.due_at).limit(bindparam("size"))
OLD_DEAD = select(Job.id).where(Job.died_at < bindparam("moment")).limit(BATCH)
SCHEDULES = select(Schedule.name, Schedule.next_at)


@transactional
def store(name: str, arguments: str, request_id: str | None) -> int:
    """Store a job that is due at once; return its id."""
    job = Job(name=name, arguments=encrypt(arguments), request_id=request_id, due_at=now(), attempts=0)
    db.session.add(job)
    db.session.flush()
    return job.id


def find(job_id: int) -> Any:
    """Return a job's row, or None."""
    found = rows(ROW, id=job_id)
    return found[0] if found else None


def due_ids(size: int, *, since: float = 0) -> list[int]:
    """Return the ids of jobs that have been due for ``since`` seconds, the longest first."""
    return [row.id for row in rows(DUE, moment=now() - timedelta(seconds=since), size=size)]


@transactional
def claim(row: Any, lease: float) -> bool:
    """Take a due job for ``lease`` seconds; False: somebody else has it."""
    return _change(
        Job.id == row.id, Job.attempts == row.attempts, Job.died_at.is_(None), Job.due_at <= now(),
        due_at=now() + timedelta(seconds=lease), attempts=row.attempts + 1,
    )  # fmt: skip


@transactional
def renew(job_id: int, attempt: int, lease: float) -> bool:
    """Keep a claimed job for ``lease`` seconds more; False: it is not ours any more."""
    return _change(*_ours(job_id, attempt), due_at=now() + timedelta(seconds=lease))


@transactional
def finish(job_id: int) -> None:
    """Forget a job: it is done, whoever else may be at it."""
    db.session.execute(delete(Job).where(Job.id == job_id).execution_options(synchronize_session=False))


@transactional
def fail(job_id: int, attempt: int, error: str) -> None:
    """Have a job tried again later."""
    delay = DELAYS[min(attempt, len(DELAYS)) - 1] * (1 + random.uniform(0, JITTER))  # noqa: S311 - no secret
    _change(*_ours(job_id, attempt), due_at=now() + timedelta(seconds=delay), last_error=error[:MAX_ERROR])


@transactional
def bury(job_id: int, attempt: int, error: str) -> None:
    """Give a job up, until somebody requeues it."""
    _change(*_ours(job_id, attempt), died_at=now(), last_error=error[:MAX_ERROR])


@transactional
def give_back(job_id: int, attempt: int) -> None:
    """Have a claimed job run by somebody else, now. The try counts: a job that ends its worker must come to an end."""
    _change(*_ours(job_id, attempt), due_at=now())


@transactional
def put_off(row: Any, reason: str) -> None:
    """Leave a due job to others, who may know it."""
    later = now() + timedelta(seconds=PUT_OFF)
    _change(Job.id == row.id, Job.attempts == row.attempts, Job.due_at <= now(), due_at=later, last_error=reason)


@transactional
def requeue(ids: Sequence[int]) -> int:
    """Have these dead jobs tried again, from the first try on; return how many they were."""
    dead = update(Job).where(Job.id.in_(ids), Job.died_at.is_not(None))
    return _run(dead.values(died_at=None, due_at=now(), attempts=0))


@transactional
def drop(ids: Sequence[int]) -> int:
    """Delete jobs that will not be run; return how many were there."""
    return _run(delete(Job).where(Job.id.in_(ids)))


def delete_old_dead() -> int:
    """Delete the jobs that have been dead for ``DEAD_KEPT``; return how many."""
    deleted, moment = 0, now() - DEAD_KEPT
    while batch := rows(OLD_DEAD, moment=moment):
        deleted += _drop_dead([row.id for row in batch], moment)
    return deleted


@transactional
def _drop_dead(ids: Sequence[int], moment: datetime) -> int:
    return _run(delete(Job).where(Job.id.in_(ids), Job.died_at < moment))  # somebody may have requeued one by now


def _ours(job_id: int, attempt: int) -> tuple[Any, ...]:
    return Job.id == job_id, Job.attempts == attempt, Job.died_at.is_(None)


def _change(*conditions: Any, **values: Any) -> bool:
    return _run(update(Job).where(*conditions).values(**values)) == 1


def _run(statement: Any) -> int:
    result: Any = db.session.execute(statement.execution_options(synchronize_session=False))
    return int(result.rowcount)
