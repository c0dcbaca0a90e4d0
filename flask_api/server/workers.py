"""A bounded pool of threads: one hop there, one hop back."""

import asyncio
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Generic, TypeVar

Result = TypeVar("Result")

# A worker whose time slice ends in the middle of a request waits while the others run on, for slices of some
# milliseconds each: on one core the p99 of a list was 5.5 times its p50. Workers that stand back between two requests,
# this often, bring it to about 2; standing back after every request would cost a fifth of the throughput.
STAND_BACK_AFTER = 0.0015  # seconds
_let_others_run = getattr(os, "sched_yield", lambda: None)


class PoolFull(Exception):
    """All threads are busy and the queue is full."""


class WorkerPool(Generic[Result]):
    """Runs jobs in ``threads`` threads, with at most ``queue_size`` more waiting. Jobs must not raise.

    Everything but ``_work`` runs in the event loop's thread, so nothing here needs a lock. It stands in for
    ThreadPoolExecutor because the locks in that one's futures cost more than the hop itself.
    """

    def __init__(self, threads: int, queue_size: int) -> None:
        self.size = threads
        self.running = 0
        self._capacity = threads + queue_size
        self._jobs: SimpleQueue[tuple[Callable[[], Result], asyncio.Future[Result]] | None] = SimpleQueue()
        self._done: deque[tuple[asyncio.Future[Result], Result]] = deque()
        self._woken = False
        self._loop = asyncio.get_running_loop()
        self._threads = [
            threading.Thread(target=self._work, name=f"wsgi-{number}", daemon=True) for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Callable[[], Result], *, always: bool = False) -> asyncio.Future[Result]:
        """Run the job in a thread and return the future of its result.

        Raises:
            PoolFull: there is no room for it, and it need not be run ``always``.
        """
        if self.running >= self._capacity and not always:
            raise PoolFull
        self.running += 1
        future = self._loop.create_future()
        self._jobs.put((job, future))
        return future

    def stop(self) -> None:
        """Let the threads end once the queue is empty, without waiting for them."""
        for _ in self._threads:
            self._jobs.put(None)

    def _work(self) -> None:
        stood_back_at = time.monotonic()
        while (item := self._jobs.get()) is not None:
            job, future = item
            self._done.append((future, job()))
            # One wake-up carries all that is done by then. _deliver clears the flag before it looks,
            # so what is appended too late for it finds the flag down.
            if not self._woken:
                self._woken = True
                with suppress(RuntimeError):  # the loop is closed: the server left without waiting for this job
                    self._loop.call_soon_threadsafe(self._deliver)
            if time.monotonic() - stood_back_at > STAND_BACK_AFTER:
                _let_others_run()
                stood_back_at = time.monotonic()

    def _deliver(self) -> None:
        self._woken = False
        while self._done:
            future, result = self._done.popleft()
            self.running -= 1
            if not future.done():
                future.set_result(result)
