"""Running a job: claimed, run in an app context of its own, and done, tried again, or given up."""

import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from flask import current_app, g

from flask_api.core import job_rows, metrics
from flask_api.core.encryption import decrypt
from flask_api.core.logs import masked
from flask_api.extensions import settings

log = logging.getLogger("flask_api.jobs")

DONE, FAILED, DEAD, INTERRUPTED = "done", "failed", "dead", "interrupted"
LEVELS = {FAILED: logging.WARNING, DEAD: logging.ERROR}  # errors are for operators: the dead wait for them


class KnownJob(NamedTuple):
    """A function that this release can run as a job. ``every``: seconds, of one that comes round."""

    function: Callable[..., Any]
    tries: int
    every: float | None = None


known: dict[str, KnownJob] = {}  # by name; filled by the decorators in jobs.py


class JobRunner:
    """Runs jobs in any number of threads, each in an app context.

    Args:
        lease: seconds after which a job is due again when its worker has died; see :meth:`renew_leases`.
    """

    def __init__(self, lease: float) -> None:
        self._lease = lease
        self._idle = threading.Condition()
        self._running: dict[int, int] = {}  # tries by id

    def run(self, job_id: int) -> bool:
        """Run a job, unless it is not due, or somebody else has it; return whether it ran."""
        row = job_rows.find(job_id)
        if row is None or not row.is_due:
            return False
        if (job := known.get(row.name)) is None:
            if job_rows.put_off(row, settings.job_unknown_days):
                log.error("job %s: no release knows it, it is given up", row.name, extra={"job_id": job_id})
            return False
        if not job_rows.claim(row, self._lease):
            return False
        attempt = row.attempts + 1
        if attempt > job.tries:
            job_rows.bury(job_id, attempt, "its worker died each time")
            return False
        with self._idle:
            self._running[job_id] = attempt
        try:
            self._run(row, attempt, job)
        finally:
            with self._idle:
                del self._running[job_id]
                self._idle.notify_all()
        return True

    def renew_leases(self) -> None:
        """Keep what runs here; to be called several times within a lease. What fails for one harms no other."""
        for job_id, attempt in self._now_running():
            try:
                kept, reason = job_rows.renew(job_id, attempt, self._lease), "it is not ours any more"
            except Exception as error:  # the database is away, for example
                kept, reason = False, type(error).__name__
            if not kept and (job_id, attempt) in self._now_running():  # else it has ended in between
                log.warning("the lease of job %d was not renewed: %s", job_id, reason, extra={"job_id": job_id})

    def wait(self, seconds: float) -> bool:
        """Wait until no job runs here; False: one still does."""
        with self._idle:
            return self._idle.wait_for(lambda: not self._running, seconds)

    def give_back(self) -> None:
        """Have others run what runs here: this process ends."""
        for job_id, attempt in self._now_running():
            job_rows.give_back(job_id, attempt)

    def _now_running(self) -> list[tuple[int, int]]:
        with self._idle:
            return list(self._running.items())

    def _run(self, row: Any, attempt: int, job: KnownJob) -> None:
        began, outcome, failure = time.monotonic(), INTERRUPTED, None
        with current_app.app_context():
            g.request_id = row.request_id
            try:
                job.function(**json.loads(decrypt(row.arguments)))
                outcome = DONE
            except Exception as error:
                failure, outcome = error, DEAD if attempt >= job.tries else FAILED
            finally:  # a BaseException goes on
                _settle(row, attempt, outcome, failure, time.monotonic() - began)


def _settle(row: Any, attempt: int, outcome: str, failure: Exception | None, seconds: float) -> None:
    details = {"job": row.name, "job_id": row.id, "attempt": attempt, "seconds": round(seconds, 3), "outcome": outcome}
    log.log(LEVELS.get(outcome, logging.INFO), "job %s: %s", row.name, outcome, extra=details, exc_info=failure)
    metrics.job_done(row.name, outcome, seconds)
    if outcome == DONE:
        job_rows.finish(row.id)
    elif outcome == FAILED:
        job_rows.fail(row.id, attempt, _told(failure))
    elif outcome == DEAD:
        job_rows.bury(row.id, attempt, _told(failure))
    else:
        job_rows.give_back(row.id, attempt)


def _told(failure: Exception | None) -> str:
    return str(masked(f"{type(failure).__name__}: {failure}".splitlines()[0]))
