"""Several processes serving on the same sockets, each replaced when it dies.

The app is loaded once, before; the processes are forks of that one, so they share its memory and start in
milliseconds. Whoever forks must have no threads, no event loop and no open connections.
"""

import logging
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from flask_api.server.listening import ServingError

log = logging.getLogger(__name__)

YOUNG = 3.0  # seconds; who dies younger was never of use
PATIENCE = 5  # how often in a row one may die young
FIRST_PAUSE = 0.1  # seconds before a successor of one that died young; doubled each time
OVERTIME = 5.0  # seconds that a process may take beyond the drain time-out
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)

Serve = Callable[[int, int], None]


@dataclass
class Worker:
    """One of the processes, and those that were in its place before."""

    number: int
    pid: int = 0
    started_at: float = 0.0
    due: float | None = 0.0  # when to start it; None: it runs
    deaths: int = 0  # young ones, in a row
    errors: int = field(default=-1)  # the pipe through which it says what ended it


class Workers:
    """Keeps ``count`` processes serving until SIGTERM or SIGINT; both are passed on to them.

    Args:
        count: how many.
        serve: called in each with its number and a file descriptor, which becomes readable when the parent has died.
        sockets: what they serve on. Our copies are closed at the end's beginning, or the kernel would go on accepting.
        drain_timeout: how long they may take to end, in seconds.
    """

    def __init__(self, count: int, serve: Serve, sockets: Sequence[socket.socket], drain_timeout: float) -> None:
        self._workers = [Worker(number) for number in range(count)]
        self._serve = serve
        self._sockets = sockets
        self._drain_timeout = drain_timeout
        self._error: ServingError | None = None
        self._orphaned, self._alive = os.pipe()
        self._selector = selectors.DefaultSelector()
        self._signals: list[int] = []
        self._ends_at: float | None = None

    def run(self) -> None:
        """Return when all have ended after a signal.

        Raises:
            ServingError: one died at its start, again and again.
        """
        woken, wake = os.pipe()
        for end in (woken, wake):
            os.set_blocking(end, False)
        self._selector.register(woken, selectors.EVENT_READ)
        previous_fd = signal.set_wakeup_fd(wake)
        previous = {number: signal.signal(number, self._note) for number in SIGNALS}
        try:
            while self._ends_at is None or any(worker.pid for worker in self._workers):
                self._start_those_due()
                if self._selector.select(self._next_event()):
                    with suppress(BlockingIOError):
                        os.read(woken, 4096)
                self._pass_signals_on()
                self._reap()
        finally:
            self._signal_all(signal.SIGKILL)
            signal.set_wakeup_fd(previous_fd)
            for number, handler in previous.items():
                signal.signal(number, handler)
            for end in (woken, wake, self._orphaned, self._alive):
                os.close(end)
        if self._error is not None:
            raise self._error

    def _note(self, number: int, _frame: object) -> None:
        self._signals.append(number)

    def _start_those_due(self) -> None:
        now = time.monotonic()
        for worker in self._workers:
            if self._ends_at is None and worker.due is not None and worker.due <= now:
                self._start(worker)

    def _next_event(self) -> float | None:
        moments = [worker.due for worker in self._workers if worker.due is not None and self._ends_at is None]
        moments += [self._ends_at] if self._ends_at is not None else []
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def _start(self, worker: Worker) -> None:
        worker.started_at, worker.due = time.monotonic(), None
        said = -1
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # one that comes now is for the handlers of the new process
        try:
            worker.errors, said = os.pipe()
            worker.pid = os.fork()
            if worker.pid == 0:
                self._be(worker, said)
        except OSError as error:  # no memory, no room for another process: there may be later
            if said >= 0:
                os.close(worker.errors)
            self._replace(worker, f"it cannot be started: {error.strerror}")
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            if said >= 0:
                os.close(said)

    def _be(self, worker: Worker, said: int) -> None:
        """Be the new process; never return."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            os.setpgid(0, 0)  # Ctrl-C reaches the parent alone, which passes it on
            os.close(self._alive)
            self._serve(worker.number, self._orphaned)
            code = 0
        except BaseException as error:  # whatever it is, the parent goes on, and must not be run twice
            with suppress(Exception):
                os.write(said, f"{type(error).__name__}: {error}".encode()[:500])
                log.exception("process %d failed", worker.number)
        finally:
            with suppress(Exception):  # standard output may be a pipe that nobody reads any more
                logging.shutdown()
                sys.stdout.flush()
            os._exit(code)

    def _pass_signals_on(self) -> None:
        noted, self._signals = self._signals, []
        for number in noted:
            if number != signal.SIGCHLD:
                self._end(number)
        if self._ends_at is not None and time.monotonic() >= self._ends_at:
            self._signal_all(signal.SIGKILL)

    def _end(self, number: int) -> None:
        """Have all drain and leave."""
        self._ends_at = self._ends_at or time.monotonic() + self._drain_timeout + OVERTIME
        for listener in self._sockets:
            listener.close()
        self._signal_all(number)

    def _signal_all(self, number: int) -> None:
        for worker in self._workers:
            if worker.pid:
                with suppress(ProcessLookupError):
                    os.kill(worker.pid, number)

    def _reap(self) -> None:
        for worker in self._workers:
            if not worker.pid:
                continue
            pid, status = os.waitpid(worker.pid, os.WNOHANG)
            if pid:
                worker.pid = 0
                error = os.read(worker.errors, 500).decode(errors="replace")
                os.close(worker.errors)
                if self._ends_at is None:
                    self._replace(worker, error or _how(status))

    def _replace(self, worker: Worker, error: str) -> None:
        """Say when the next one is to start, or that it is no use and all are to end."""
        lived = time.monotonic() - worker.started_at
        log.error("process %d died after %.1f s: %s", worker.number, lived, error)
        worker.deaths = worker.deaths + 1 if lived < YOUNG else 0
        if worker.deaths >= PATIENCE:
            self._error = ServingError(f"a process died {PATIENCE} times in a row at its start: {error}")
            self._end(signal.SIGTERM)
        pause = FIRST_PAUSE * 2 ** (worker.deaths - 1) if worker.deaths else 0.0
        worker.due = time.monotonic() + pause


def _how(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"exit code {os.waitstatus_to_exitcode(status)}"
