"""Bringing one process over to a release, so that no kill of this program leaves it down.

A process is never stopped for supervisord to remember as stopped. It gets its stop signal as a plain signal, drains and
ends, and supervisord starts it again by itself (``autorestart=true``), from what ``current`` leads to by then.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .events import Events, Failed
from .layout import Layout
from .log_files import size_of, text_since
from .processes import SERVER_GROUP, Health, ask_health, process_socket, release_of, working_directory
from .programs import last_lines
from .supervisor import ALIVE, BACKOFF, RUNNING, STOPPED, STOPPING, UNKNOWN, ProcessInfo, ProcessRule, Supervisor

POLL = 0.05  # seconds
SETTLING = 1.5  # seconds that supervisord may be late in taking a process for started
AFTER_KILL = 10.0  # seconds within which even a stuck process is gone
SERVER_LOG = "solo.log"  # shared by all processes of the server: second choice
STARTS = 3  # how often a process is started that somebody stops


class Rolling:
    """Brings processes to a release. ``ready_seconds``: how long one may take from its start until it is ready."""

    def __init__(
        self, layout: Layout, supervisor: Supervisor, events: Events, *, release: str, ready_seconds: float
    ) -> None:
        self._layout = layout
        self._supervisor = supervisor
        self._events = events
        self._release = release
        self._ready_seconds = ready_seconds
        self.outdated: set[int] = set()  # process ids that are exchanged whatever they run
        self._rules = supervisor.rules()
        self._log_sizes: dict[str, int] = {}
        self._server_log = str(layout.logs / SERVER_LOG)

    def bring(self, name: str) -> ProcessInfo:
        """Have a process run the release, and wait until it is ready; one that runs it already is not restarted.

        Raises:
            Failed: it cannot be started, ends again, or is not ready in time. Has the end of its log.
        """
        info = self._supervisor.process(name)
        self._log_sizes |= {path: size_of(path) for path in (info.log, self._server_log)}
        with self._telling(info):
            if not self._runs_release(info):
                info = self._exchange(info)
            self._wait_until_ready(info)
        return info

    def look_again(self, started: list[ProcessInfo]) -> None:
        """Look whether these processes are still up.

        Raises:
            Failed: one has ended since it was ready. Has the end of its log.
        """
        for one in started:
            info = self._supervisor.process(one.name)
            with self._telling(info):
                if info.pid != one.pid or info.state != RUNNING:
                    raise _ended(info)

    @contextmanager
    def _telling(self, info: ProcessInfo) -> Iterator[None]:
        """Let a failure say which process it was, with what that has written since."""
        try:
            yield
        except Failed as failure:
            failure.log = failure.log or self._written_to(info.log) or self._written_to(self._server_log) or None
            failure.details.setdefault("process", info.name)
            raise

    def _written_to(self, path: str) -> str:
        return last_lines(text_since(path, self._log_sizes[path]))

    def _runs_release(self, info: ProcessInfo) -> bool:
        runs = release_of(self._layout, info.pid) == self._release and info.pid not in self.outdated
        return info.state in ALIVE and runs

    def _exchange(self, old: ProcessInfo) -> ProcessInfo:
        """End a process of another release, or one that is down, and return it as started from the release."""
        rule, starts = self._rules.get(old.name, ProcessRule()), 0
        ending = _Ending(self._supervisor, self._events, rule, time.monotonic())
        deadline = ending.seen + rule.start_seconds + SETTLING + rule.stop_seconds + AFTER_KILL
        for info in self._watch(old.name):
            if self._runs_release(info):
                return info
            if time.monotonic() > deadline:
                raise Failed(f"{old.name} could not be exchanged: {self._where(info)}")
            if info.state in ALIVE:
                if info.pid == old.pid:
                    ending.go_on(info)
            elif info.state != STOPPING:
                tried = starts >= STARTS if info.state == STOPPED else starts > 0 or info.start != old.start
                if tried or info.state == UNKNOWN:
                    raise _ended(info)
                starts += 1
                if info.state == BACKOFF:
                    self._supervisor.start_instead_of_waiting(info.name)
                else:
                    self._supervisor.start(info.name)
        raise AssertionError("unreachable")

    def _where(self, info: ProcessInfo) -> str:
        return f"it is {info.state} in {working_directory(info.pid)}" if info.pid else f"it is {info.state}"

    def _wait_until_ready(self, started: ProcessInfo) -> None:
        """Wait until a process says it is ready, and supervisord that it has stayed up for its ``startsecs``.

        So a release whose processes die young never takes down more than one.
        """
        deadline = time.monotonic() + self._ready_seconds
        for info in self._watch(started.name):
            if info.pid != started.pid or info.state not in ALIVE:
                raise _ended(info)
            health = self._health(info)
            if health.ready and health.release == self._release:
                if info.state == RUNNING:
                    return
            elif time.monotonic() > deadline:
                problem = health.problem or f"it says that it is of release {health.release}"
                raise Failed(f"{info.name} was not ready within {self._ready_seconds:g} s: {problem}")

    def _health(self, info: ProcessInfo) -> Health:
        if info.group == SERVER_GROUP:
            return ask_health(process_socket(self._layout, info))
        runs = info.state == RUNNING
        return Health(runs, self._release, "" if runs else f"it is {info.state}")

    def _watch(self, name: str) -> Iterator[ProcessInfo]:
        while True:
            yield self._supervisor.process(name)
            time.sleep(POLL)


@dataclass
class _Ending:
    """How far the end of an old process has come: first its signal, then patience, then SIGKILL.

    What ends while supervisord has it as STARTING counts as a failed start, and is restarted with delay: let that pass.
    """

    supervisor: Supervisor
    events: Events
    rule: ProcessRule
    seen: float
    signalled: float | None = None
    killed: bool = False

    def go_on(self, info: ProcessInfo) -> None:
        """Do what is due now."""
        now = time.monotonic()
        if self.signalled is None:
            if info.state == RUNNING or now - self.seen > self.rule.start_seconds + SETTLING:
                self.supervisor.signal(info.name, self.rule.stop_signal)
                self.signalled = now
        elif not self.killed and now - self.signalled > self.rule.stop_seconds:
            self.events.step(f"{info.name} has not ended in {self.rule.stop_seconds:g} s: killing it")
            self.supervisor.signal(info.name, "KILL")
            self.killed = True


def _ended(info: ProcessInfo) -> Failed:
    return Failed(f"{info.name} does not stay up: {info.state}{f', {info.problem}' if info.problem else ''}")
