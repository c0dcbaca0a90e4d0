"""Metrics for Prometheus: what is counted. How all processes of a host tell it together: core/exposition.py.

Counting is appending to a list; twice a second a thread adds the list up and writes the process's totals to its file in
``<data_dir>/metrics`` (core/metric_files.py).

prometheus-client's own multiprocess mode leaves a file for every process there ever was, and ends with SIGBUS when the
disk is full, as it writes to memory that stands for a file.
"""

import logging
import os
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock, Thread
from typing import NamedTuple

from flask_api.core.metric_files import Gauges, MetricFile

log = logging.getLogger(__name__)

FOLDER = "metrics"  # of the data directory
EVERY = 0.5  # seconds
RULE = "solo.rule"  # of a WSGI environ: where the application says which rule the address follows
OTHER = "other"  # what has no endpoint, and methods that nobody has heard of
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5)  # seconds
SLOW = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 30, 120)


class Kind(NamedTuple):
    """A counter, or with ``buckets`` (upper bounds) a histogram."""

    text: str
    labels: tuple[str, ...]
    buckets: tuple[float, ...] = ()

    @property
    def size(self) -> int:
        """How many numbers are kept: a count; or the sum, and how many fell into each bucket and above the last."""
        return len(self.buckets) + 2 if self.buckets else 1


REQUESTS, REQUEST_SECONDS = "solo_requests", "solo_request_seconds"
OUTSIDE, OUTSIDE_SECONDS = "solo_outside_calls", "solo_outside_seconds"
JOBS, JOB_SECONDS = "solo_jobs", "solo_jobs_seconds"
KINDS = {
    REQUESTS: Kind("Requests answered", ("method", "endpoint", "code")),
    REQUEST_SECONDS: Kind("From a request's first byte to its answer", (), FAST),
    OUTSIDE: Kind("Calls to services outside", ("service", "outcome")),
    OUTSIDE_SECONDS: Kind("How long calls to services outside took", ("service",), SLOW),
    JOBS: Kind("Background jobs run", ("job", "outcome")),
    JOB_SECONDS: Kind("How long background jobs took", ("job",), SLOW),
}


def is_known(key: tuple[str, ...], values: list[float]) -> bool:
    """Whether this release counts that, and in these buckets; another may have written the file."""
    kind = KINDS.get(key[0])
    return kind is not None and len(key) == len(kind.labels) + 1 and len(values) == kind.size


def count_request(method: str, endpoint: str, code: int, seconds: float) -> None:
    """Count a request; ``endpoint`` is the rule of an address, or ``OTHER``, never what a client wrote."""
    if (keeper := _keeper) is not None:
        keeper.requests.append((method, endpoint, code, seconds))


def outside_done(service: str, outcome: str, seconds: float) -> None:
    """Count a call to a service outside."""
    _note((OUTSIDE, service, outcome), (OUTSIDE_SECONDS, service), seconds)


def job_done(name: str, outcome: str, seconds: float) -> None:
    """Count a run of a background job."""
    _note((JOBS, name, outcome), (JOB_SECONDS, name), seconds)


def _note(counter: tuple[str, ...], histogram: tuple[str, ...], seconds: float) -> None:
    if (keeper := _keeper) is not None:
        keeper.others.append((counter, histogram, seconds))


def watch(gauges: Callable[[], Gauges]) -> None:
    """Have this asked, twice a second, how the process stands."""
    if (keeper := _keeper) is not None:
        keeper.gauges = gauges


@contextmanager
def kept_in(data_dir: Path) -> Iterator[None]:
    """Count while the context lasts, and keep it in a file below; where that cannot be, nothing is counted.

    Each process needs a context of its own: one that is forked inside it counts nothing.
    """
    global _keeper  # noqa: PLW0603 - the functions above are called from everywhere
    if _keeper is not None:
        yield
        return
    try:
        _keeper = keeper = _Keeper(MetricFile(data_dir / FOLDER))
    except OSError as error:
        log.warning("metrics are not kept: %s", error)
        yield
        return
    os.register_at_fork(after_in_child=_forget)
    keeper.thread.start()
    try:
        yield
    finally:
        keeper.stop.set()
        keeper.thread.join()
        _forget()


def _forget() -> None:
    global _keeper  # noqa: PLW0603
    if (keeper := _keeper) is not None:
        keeper.file.close()
        _keeper = None


class _Keeper:
    """Adds up what was counted, in a thread of its own."""

    def __init__(self, file: MetricFile) -> None:
        self.requests: deque[tuple[str, str, int, float]] = deque()
        self.others: deque[tuple[tuple[str, ...], tuple[str, ...], float]] = deque()
        self.gauges: Callable[[], Gauges] = dict
        self.file = file
        self.stop = Event()
        self.thread = Thread(target=self._flush_now_and_then, name="metrics", daemon=True)
        self._lock = Lock()
        self._series = {key: values for key, values in file.read().items() if is_known(key, values)}
        self._written: Gauges = {}
        self._is_failing = False

    def flush(self) -> None:
        """Add up and write."""
        with self._lock:
            gauges = self.gauges()
            if not (self.requests or self.others or gauges != self._written or self._is_failing):
                return
            while self.requests:
                method, endpoint, code, seconds = self.requests.popleft()
                self._count((REQUESTS, method if method in METHODS else OTHER, endpoint, str(code)))
                self._observe((REQUEST_SECONDS,), FAST, seconds)
            while self.others:
                counter, histogram, seconds = self.others.popleft()
                self._count(counter)
                self._observe(histogram, SLOW, seconds)
            try:
                self.file.write(self._series, gauges)
                self._written, self._is_failing = gauges, False
            except OSError as error:  # what was counted is written with the next
                if not self._is_failing:
                    log.warning("metrics cannot be written: %s", error)
                self._is_failing = True

    def _count(self, key: tuple[str, ...]) -> None:
        values = self._series.get(key)
        if values is None:
            values = self._series[key] = [0]
        values[0] += 1

    def _observe(self, key: tuple[str, ...], buckets: tuple[float, ...], seconds: float) -> None:
        values = self._series.get(key)
        if values is None:
            values = self._series[key] = [0] * (len(buckets) + 2)
        values[0] += seconds
        values[1 + bisect_left(buckets, seconds)] += 1

    def _flush_now_and_then(self) -> None:
        while not self.stop.wait(EVERY):
            self.flush()
        self.flush()


_keeper: _Keeper | None = None


def flush() -> None:
    """Have in the file what this process has counted by now."""
    if (keeper := _keeper) is not None:
        keeper.flush()
