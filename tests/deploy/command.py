"""A command as an operator runs it: its output as it comes, and an end that may come at any moment."""

import os
import re
import signal
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.load import wait_until
from tests.services.process import die_with_parent

MOST_SECONDS = 300.0  # the first deployment makes three virtual environments


@dataclass(frozen=True, slots=True)
class Run:
    """What became of a command; ``code`` is negative when a signal ended it."""

    code: int
    output: str
    seconds: float


class Command:
    """Started at once; reads nothing, since nobody sits there."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        self.began = time.monotonic()
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=die_with_parent(),
        )
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def finish(self) -> Run:
        """Wait for its end.

        Raises:
            AssertionError: it did not come within five minutes; the command is killed.
        """
        try:
            wait_until(lambda: self._process.poll() is not None, "the command ends", MOST_SECONDS)
        except AssertionError as late:
            self.kill()
            raise AssertionError(f"{late}\n{self._output()}") from None
        seconds = time.monotonic() - self.began
        self._reading.join(10)
        return Run(self._process.returncode, self._output(), seconds)

    def wait_for_line(self, pattern: str) -> bool:
        """Wait until a line comes that has this in it; tell whether one came before the end."""
        wait_until(lambda: self._has(pattern) or self._process.poll() is not None, pattern, MOST_SECONDS)
        return self._has(pattern)

    def kill(self) -> Run:
        """kill -9, as a power cut of the operator's machine would."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        return self.finish()

    def _has(self, pattern: str) -> bool:
        return any(re.search(pattern, line) for line in self.lines[:])

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.lines.append(line)

    def _output(self) -> str:
        return "".join(self.lines[:])
