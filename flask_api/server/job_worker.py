"""The worker of background jobs: dramatiq's threads that run them, a relay, and a keeper of leases.

dramatiq hands over the ids of jobs that are due, as soon as they are committed. All else is ours, by the table: when
Redis is away at that moment or forgets, or a worker is killed, the relay finds the job due, with nothing in Redis to
say so, and sends it anew.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import dramatiq
from flask import Flask
from redis import ConnectionPool, Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeout

from flask_api.core import job_rows, schedules
from flask_api.core.job_queue import ACTOR, QUEUE, JobQueue, queue
from flask_api.core.job_runner import JobRunner
from flask_api.settings import Settings

log = logging.getLogger(__name__)

RELAY_EVERY = 1.0  # seconds
LATE = 1.0  # seconds that a job is due before the relay wonders where its message is
FEW = 200  # messages; while more wait the workers are busy, and nothing needs sending
AT_ONCE = 500  # jobs that the relay sends in one turn
RENEWALS = 3  # within a lease
IDLE = 250  # milliseconds after which idle threads look round
LAST_WORDS = 1.0  # seconds for dramatiq's threads to end when no job runs any more


class _Client(Redis):
    """dramatiq expects a Redis that is away to break connections; ours gives up in time instead."""

    def execute_command(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().execute_command(*arguments, **options)  # type: ignore[no-untyped-call]
        except RedisTimeout as error:
            raise RedisConnectionError(str(error)) from None


class JobWorker:
    """Runs the jobs of an app from ``start`` to ``stop``; several may run, on any number of hosts."""

    def __init__(self, app: Flask) -> None:
        settings: Settings = app.extensions["settings"]
        pool: ConnectionPool = app.extensions["redis"].connection_pool
        self._app = app
        self._lease = settings.job_lease
        self._runner = JobRunner(settings.job_lease)
        self._stop = threading.Event()
        self._broker = JobQueue(_Client(connection_pool=pool)).broker
        self._worker = dramatiq.Worker(self._broker, worker_timeout=IDLE, worker_threads=settings.job_threads)
        dramatiq.Actor(self._run, broker=self._broker, actor_name=ACTOR, queue_name=QUEUE, priority=0, options={})
        turns = (("relay", RELAY_EVERY, self._relay), ("leases", self._lease / RENEWALS, self._runner.renew_leases))
        self._threads = [
            threading.Thread(target=self._turn, args=turn, name=f"jobs-{turn[0]}", daemon=True) for turn in turns
        ]

    def start(self) -> None:
        """Begin; Redis and the database need not be there yet."""
        self._worker.start()
        for thread in self._threads:
            thread.start()

    def stop(self, patience: float) -> None:
        """Take no more jobs, and wait ``patience`` seconds for those that run; the rest is due again at once."""
        for thread in self._worker.workers:
            thread.stop()
        self._runner.wait(patience)
        self._stop.set()
        with self._app.app_context():
            self._runner.give_back()
        try:
            self._worker.stop(timeout=int(LAST_WORDS * 1000))
        except RedisError as error:
            log.warning("the worker leaves messages behind: Redis does not answer (%s)", type(error).__name__)
        for running in self._threads:
            running.join(LAST_WORDS)

    def _run(self, job_id: int) -> None:
        try:
            with self._app.app_context():
                self._runner.run(job_id)
        except Exception:  # the database is away, for example
            log.exception("the job %s could not be taken or settled; it comes again", job_id)

    def _turn(self, name: str, seconds: float, work: Callable[[], None]) -> None:
        fails = False
        while not self._stop.is_set():
            try:
                with self._app.app_context():
                    work()
                fails = False
            except Exception as error:
                if not fails:  # one line, not one a second
                    log.error("%s of jobs failed, and will go on trying: %s", name, type(error).__name__, exc_info=True)
                fails = True
            self._stop.wait(seconds)

    def _relay(self) -> None:
        schedules.move()
        waiting = queue()
        try:
            if waiting.length() >= FEW:
                return
        except RedisError:
            return  # dramatiq's own thread says so, each second
        for job_id in job_rows.due_ids(AT_ONCE, since=LATE):
            if not waiting.send(job_id):
                return


@contextmanager
def running_jobs(app: Flask, patience: float) -> Iterator[None]:
    """Run the app's jobs in threads of this process while the context lasts."""
    worker = JobWorker(app)
    worker.start()
    try:
        yield
    finally:
        began = time.monotonic()
        worker.stop(patience)
        log.info("jobs ended", extra={"seconds": round(time.monotonic() - began, 2)})
