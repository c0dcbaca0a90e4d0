"""Processes of a benchmark: pinned to a core, waited for, weighed, and always stopped."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 30


class DidNotStartError(Exception):
    """A process ended, or did not listen in time; the text carries the end of its log."""


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Program:
    """A process and its children in a session of their own; stopped at the end of the with block."""

    stop_seconds = 5

    def __init__(
        self, name: str, command: Sequence[str], *, port: int, log: Path, env: Mapping[str, str], folder: Path = ROOT
    ) -> None:
        """Remember what to start; nothing runs before the with block."""
        self.name, self.port, self._log, self._env, self._folder = name, port, log, env, folder
        self._command = command

    def __enter__(self) -> Self:
        """Start it and wait until it listens."""
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._folder, env=dict(self._env), stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        try:
            self._wait_until_ready()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop it."""
        self._stop()

    def peak_memory(self) -> int:
        """Return the sum of the peak resident sizes of the process and its children, in bytes."""
        return sum(_peak_of(pid) for pid in _pids_of_session(self._process.pid))

    def cpu_seconds(self) -> float:
        """Return the processor time that the process and its children have used so far."""
        return sum(_cpu_of(pid) for pid in _pids_of_session(self._process.pid))

    def log_tail(self, lines: int = 20) -> str:
        """Return the end of what it wrote."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise DidNotStartError(f"{self.name} ended with {self._process.returncode}:\n{self.log_tail()}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise DidNotStartError(f"{self.name} did not listen on {self.port} in {START_SECONDS} s:\n{self.log_tail()}")

    def _stop(self) -> None:
        """Ask, wait, then kill whatever of the session is left."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(self.stop_seconds)
        for pid in _pids_of_session(self._process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()


class Pinned(Program):
    """A program on one core."""

    def __init__(
        self, name: str, command: Sequence[str], *, core: int, port: int, log: Path, env: Mapping[str, str]
    ) -> None:
        """Remember what to start; nothing runs before the with block."""
        super().__init__(name, ["taskset", "--cpu-list", str(core), *command], port=port, log=log, env=env)
        self.core = core


def _pids_of_session(session: int) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            pid = int(entry.name)
            # After the name in parentheses: state, parent, group, session.
            if (fields := _stat(pid)) and int(fields[3]) == session:
                yield pid


def _stat(pid: int) -> list[str]:
    """Return what the kernel says of a process, after its name; nothing when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _cpu_of(pid: int) -> float:
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if fields else 0.0


def _peak_of(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(found[0].split()[1]) * 1024 if found else 0
