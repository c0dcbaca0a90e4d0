"""Who else used our two cores meanwhile? What others take makes a round worthless, so it is measured."""

import os
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from bench.machine import Cores
from bench.processes import Pinned

TICKS = os.sysconf("SC_CLK_TCK")
LIMIT = 0.10  # of a core, over a round
TRIES = 5

Result = TypeVar("Result")


class Watch:
    """Compares what the two cores did with what the benchmark's own processes used of them."""

    def __init__(self, cores: Cores, processes: Sequence[Pinned]) -> None:
        """Watch these cores; the processes are those that may use them."""
        self._cores, self._processes = cores, processes

    def quietest(self, measure: Callable[[], Result]) -> tuple[Result, float]:
        """Measure until nobody disturbs, a few times at most; return the least disturbed result and its disturbance."""
        tries: list[tuple[float, Result]] = []
        while len(tries) < TRIES and (not tries or tries[-1][0] > LIMIT):
            before, began = self._foreign(), time.monotonic()
            result = measure()
            took = time.monotonic() - began
            worst = max(late - early for late, early in zip(self._foreign(), before, strict=True))
            tries.append((max(worst / took, 0.0), result))
        share, result = min(tries, key=lambda attempt: attempt[0])
        return result, share

    def _foreign(self) -> tuple[float, float]:
        """Return the seconds that each core has spent on others so far (up to a constant)."""
        return (
            _busy(self._cores.server) - self._used_on(self._cores.server),
            _busy(self._cores.load) - self._used_on(self._cores.load) - _used_by_us(),
        )

    def _used_on(self, core: int) -> float:
        return sum(process.cpu_seconds() for process in self._processes if process.core == core)


def _busy(core: int) -> float:
    """Return the seconds a core has worked for processes or was taken away by the hypervisor."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            user, nice, system, _idle, _iowait, _irq, _softirq, steal = map(int, ticks[:8])
            return (user + nice + system + steal) / TICKS
    return 0.0


def _used_by_us() -> float:
    """Return what this process and its ended children (each wrk) have used; both stay on the core of the load."""
    usages = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
