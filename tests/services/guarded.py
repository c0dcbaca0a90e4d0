"""A server that starts processes of its own, which are to end with it however it ends: see guard.py."""

import os
import signal
import sys
from abc import abstractmethod
from contextlib import suppress
from subprocess import TimeoutExpired

from tests.services import guard
from tests.services.process import Service


class GuardedService(Service):
    """A Service whose children, and their children, never outlive it or the test run.

    ``stop()`` ends it as an operator would, ``kill()`` is the power cut: all processes at once.
    """

    goodbye = signal.SIGTERM
    stop_seconds = 40.0

    @abstractmethod
    def guarded_command(self) -> list[str]:
        """The server's command line."""

    @property
    @abstractmethod
    def leader(self) -> int | None:
        """The process that ``goodbye`` is sent to; None where there is none."""

    @property
    def processes(self) -> list[int]:
        """All that runs of it now."""
        return guard.descendants(self._process.pid) if self._process else []

    def command(self) -> list[str]:
        return [sys.executable, guard.__file__, *self.guarded_command()]

    def end(self) -> None:
        """End it in an orderly way, and keep its files; whoever is still there after ``stop_seconds`` is killed."""
        if self._process and self.is_running and (leader := self.leader):
            self.thaw()
            self._signal_one(leader, self.goodbye)
            with suppress(TimeoutExpired):
                self._process.wait(self.stop_seconds)
        self.kill()

    def stop(self) -> None:
        self.end()
        super().stop()

    def kill(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(30)
        super().kill()

    def _signal(self, number: signal.Signals) -> None:
        for process in self.processes:
            self._signal_one(process, number)

    @staticmethod
    def _signal_one(process: int, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(process, number)
