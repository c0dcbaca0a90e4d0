"""What all calls to services outside have in common: each is counted and timed, none is made while a transaction is
open, and requests have a bounded number of them under way.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition
from typing import Literal

from flask import current_app, has_app_context, has_request_context

from flask_api.core import metrics
from flask_api.core.transaction import in_transaction
from flask_api.extensions import db

PATIENCE = 0.5  # seconds that a request waits for a place

Reason = Literal["refused", "timeout", "too_large", "garbage", "status", "busy"]


class OutsideError(Exception):
    """A service outside did not answer as it should, or was not asked.

    Args:
        service: as in the metrics.
        reason: one word; ``busy``: too many requests wait for services outside already.
        sent: whether the request may have reached them; False: surely not, so it may be repeated.
        details: for the log.
    """

    def __init__(self, service: str, reason: Reason, *, sent: bool = True, details: str = "") -> None:
        super().__init__(f"{service}: {reason}{details and f' ({details})'}")
        self.service = service
        self.reason: Reason = reason
        self.sent = sent


class Places:
    """How many of the threads that serve requests may wait for services outside: half of them, and for one service all
    of these but one. So while one hangs, requests that need none go on, and so do those that need another. Of the other
    half all but one may wait for a place, or for what another has asked for.

    Args:
        threads: how many serve requests in this process.
        patience: seconds that one waits for a place.
    """

    def __init__(self, threads: int, patience: float = PATIENCE) -> None:
        self._in_all = max(1, threads // 2)
        self._for_one = max(1, self._in_all - 1)
        self._may_wait = max(0, threads - self._in_all - 1)
        self._patience = patience
        self._taken: Counter[str] = Counter()
        self._waiting = 0
        self._changed = Condition()

    def take(self, service: str) -> bool:
        """Take a place until :meth:`give_back`, as soon as there is one; False: there is none."""
        with self._changed:
            is_free = self._is_free(service)
            if not is_free and self.begin_to_wait():
                try:
                    is_free = self._changed.wait_for(lambda: self._is_free(service), self._patience)
                finally:
                    self.end_waiting()
            self._taken[service] += is_free
            return is_free

    def give_back(self, service: str) -> None:
        """Leave a place to others."""
        with self._changed:
            self._taken[service] -= 1
            self._changed.notify_all()  # one alone may be woken for another service's place

    def begin_to_wait(self) -> bool:
        """Wait without a place until :meth:`end_waiting`; False: too many do."""
        with self._changed:
            may_wait = self._waiting < self._may_wait
            self._waiting += may_wait
            return may_wait

    def end_waiting(self) -> None:
        """Let another wait."""
        with self._changed:
            self._waiting -= 1

    def _is_free(self, service: str) -> bool:
        return self._taken.total() < self._in_all and self._taken[service] < self._for_one


@contextmanager
def _place(service: str) -> Iterator[None]:
    """Hold a thread that serves a request; jobs and commands have threads of their own, which nobody else waits for.

    Raises:
        OutsideError: there is no place.
    """
    if not has_request_context():
        yield
        return
    places: Places = current_app.extensions["outside_places"]
    if not places.take(service):
        raise _busy(service)
    try:
        yield
    finally:
        places.give_back(service)


@contextmanager
def waiting(service: str) -> Iterator[None]:
    """Hold a thread that serves a request while another one's call is under way, whose answer will do.

    Raises:
        OutsideError: too many wait.
    """
    if not has_request_context():
        yield
        return
    places: Places = current_app.extensions["outside_places"]
    if not places.begin_to_wait():
        raise _busy(service)
    try:
        yield
    finally:
        places.end_waiting()


def _busy(service: str) -> OutsideError:
    metrics.outside_done(service, "busy", 0)
    return OutsideError(service, "busy", sent=False)


@contextmanager
def calling(service: str) -> Iterator[None]:
    """Count and time a call to ``service``; whatever is raised inside counts as a failure, and passes through.

    Raises:
        RuntimeError: a transaction is open, be it left by a read: it would be held for as long as they make us wait.
        OutsideError: busy: too many requests wait for services outside.
    """
    if in_transaction() or (has_app_context() and db.session().in_transaction()):
        raise RuntimeError(f"{service} is called while a database transaction is open")
    with _place(service):
        began, outcome = time.perf_counter(), "error"
        try:
            yield
            outcome = "ok"
        except OutsideError as error:
            outcome = error.reason
            raise
        finally:
            metrics.outside_done(service, outcome, time.perf_counter() - began)
