"""Jobs that come round by the clock, once for all hosts: who moves a schedule on stores the job, in one transaction."""

from contextlib import suppress
from functools import partial
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from flask_api.core import job_queue, job_rows
from flask_api.core.database import moment
from flask_api.core.job_rows import SCHEDULES, Schedule
from flask_api.core.job_runner import known
from flask_api.core.transaction import after_commit, rows, transactional
from flask_api.extensions import db

FIRST_TURN_AFTER = 60  # seconds after a schedule is new


def move() -> None:
    """Store the jobs whose time has come. Several processes may do so at once."""
    due = {row.name: row.is_due for row in rows(SCHEDULES)}
    for name, job in list(known.items()):
        if job.every is None:
            continue
        if name not in due:
            with suppress(IntegrityError):  # another host was first
                _add(name, job.every)
        elif due[name]:
            _move_on(name, job.every)


@transactional
def _add(name: str, every: float) -> None:
    db.session.execute(insert(Schedule).values(name=name, next_at=moment(min(FIRST_TURN_AFTER, every))))


@transactional
def _move_on(name: str, every: float) -> None:
    moved = update(Schedule).where(Schedule.name == name, Schedule.next_at <= moment())
    moved = moved.values(next_at=moment(every)).execution_options(synchronize_session=False)
    result: Any = db.session.execute(moved)
    if result.rowcount == 1:
        after_commit(partial(job_queue.send, job_rows.store(name, "{}", None)))
