"""Background jobs: ``@background`` and ``@scheduled``.

>>> @background
... def send_mail(*, to: str) -> None: ...
>>> send_mail(to="…")  # in a service: stored with what it stores, and run after that

A job that was stored runs at least once, in a worker (``manage.py jobs work``, or the server itself in development),
outside of any request. It may run twice: write it so that this does no harm. One that raises is tried again later.
"""

import inspect
import json
from collections.abc import Callable
from functools import partial
from typing import Generic, ParamSpec, overload

from flask import g

from flask_api.core import job_queue, job_rows
from flask_api.core.job_runner import JobRunner, KnownJob, known
from flask_api.core.transaction import after_commit, in_transaction, transactional
from flask_api.extensions import settings

P = ParamSpec("P")

TRIES = 10


class Background(Generic[P]):
    """A function that runs later when it is called; it takes JSON values, by name."""

    def __init__(self, function: Callable[P, object], tries: int) -> None:
        self.__doc__, self.__name__, self.__wrapped__ = function.__doc__, function.__name__, function
        self.name = f"{function.__module__.removeprefix('flask_api.')}.{function.__name__}"
        self.now = function
        self._signature = inspect.signature(function)
        known[self.name] = KnownJob(function, tries)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Store a job, in the open transaction or in one of its own.

        Raises:
            TypeError: the function does not take these arguments, or they are not JSON.
        """
        if args:
            raise TypeError(f"{self.name} takes its arguments by name")
        self._signature.bind(**kwargs)
        _store(self.name, _as_json(self.name, kwargs))


@overload
def background(function: Callable[P, object]) -> Background[P]: ...
@overload
def background(*, tries: int = TRIES) -> Callable[[Callable[P, object]], Background[P]]: ...
def background(function: Callable[P, object] | None = None, *, tries: int = TRIES) -> object:
    """Have a function run in the background when it is called; ``.now(…)`` runs it here.

    Args:
        tries: how often it is tried before it is dead, and waits for somebody to look at it (``manage.py jobs``).
    """
    if function is None:
        return lambda function: Background(function, tries)
    return Background(function, tries)


def scheduled(*, every: float) -> Callable[[Background[[]]], Background[[]]]:
    """Have a job stored every so many seconds, once for all hosts. It stands above ``@background``."""

    def decorate(job: Background[[]]) -> Background[[]]:
        known[job.name] = known[job.name]._replace(every=every)
        return job

    return decorate


def run_due(limit: int = 100) -> int:
    """Run what is due now in this thread, at most ``limit`` jobs; return how many ran."""
    if in_transaction():
        raise RuntimeError("jobs run outside of transactions")
    runner = JobRunner(settings.job_lease)
    return sum(runner.run(job_id) for job_id in job_rows.due_ids(limit))


@transactional
def _store(name: str, arguments: str) -> None:
    job_id = job_rows.store(name, arguments, g.get("request_id"))
    after_commit(partial(job_queue.send, job_id))


def _as_json(name: str, arguments: dict[str, object]) -> str:
    try:
        text = json.dumps(arguments, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise TypeError(f"{name}: {error}") from None
    if json.loads(text) != arguments:  # tuples, keys that are numbers
        raise TypeError(f"{name}: an argument would not come back from JSON as it is")
    return text


@scheduled(every=86400)
@background
def delete_dead() -> None:
    """Delete jobs that have been dead for a month, and with them what their arguments tell of people."""
    job_rows.delete_old_dead()
