"""One host over SSH: connects with Fabric, puts the host program there once, runs its commands, holds its lock."""

import io
import shlex
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from fabric import Config, Connection
from paramiko import SSHException

from deploy.channel import Channel
from deploy.errors import HostError, Unreachable
from deploy.host.environments import MARKER, environment_key
from deploy.host_program import HostProgram
from deploy.hosts import Host
from deploy.probe import check_probe, probe_command, read_event
from deploy.ssh import make_connection, open_connection, talking
from deploy.target import Say, say_nothing
from deploy.terminal import in_bytes

HEARTBEAT = 10.0  # seconds; the lock on the host falls after 60 s of silence
SILENCE = 900.0  # seconds that a command may say nothing; a migration may take any time
QUICK = 60.0  # seconds for what takes no time


class HostConnection:
    """A host that a release goes to; see Target. ``config`` is Fabric's."""

    def __init__(self, host: Host, config: Config, program: HostProgram) -> None:
        self.host = host
        self.is_set_up = False
        self._config = config
        self._program = program
        self._program_path = f"{host.root}/tools/{program.name}"
        self._python = ""
        self._connection: Connection | None = None
        self._lock: Channel | None = None
        self._beats_end = threading.Event()

    @property
    def name(self) -> str:
        return self.host.name

    @property
    def is_open(self) -> bool:
        return self._connection is not None and self._connection.is_connected

    @property
    def holds_lock(self) -> bool:
        return self.is_open and self._lock is not None and not self._lock.is_closed

    def open(self, *, create: bool) -> None:
        self.close()
        self._connection = make_connection(self.host, self._config)
        open_connection(self._connection, self.name)
        folders = ["tools", "incoming"] if create else []
        command = probe_command(self.host, self._program_path, self._program.sha256, folders)
        channel = self._execute(command, QUICK)
        with talking(self.name):
            lines = list(channel.lines())
        found = check_probe(self.host, self._connection.user, lines, channel.exit_status, channel.stderr)
        self._python = ".".join(map(str, found["python"]))
        self.is_set_up = bool(found["root"])
        if self.is_set_up and not found["program"]:
            self._put(self._program.content, self._program_path)

    def run(self, command: str, *arguments: str, say: Say = say_nothing) -> dict[str, Any]:
        channel = self._start(command, *arguments, silence=None if command == "migrate" else SILENCE)
        result, failure, noise = None, None, ""
        with talking(self.name):
            for line in channel.lines():
                event = read_event(line)
                match event.get("event"):
                    case "step":
                        say(str(event.get("text", "")))
                    case "done":
                        result = event
                    case "failed":
                        failure = event
                    case _:
                        noise = line
        if failure:
            raise HostError(self.name, str(failure.get("error")), str(failure.get("log") or ""))
        if result is None:
            raise self._crash(command, channel, noise)
        return result

    def text(self, command: str, *arguments: str) -> Iterator[str]:
        """Yield the lines of a command that answers in plain lines (``logs``), as they come."""
        channel = self._start(command, *arguments, silence=None)
        with talking(self.name):
            for line in channel.lines():
                if line.startswith("{") and (failure := read_event(line)).get("event") == "failed":
                    raise HostError(self.name, str(failure.get("error")))
                yield line
        if channel.exit_status != 0:
            raise self._crash(command, channel)

    def upload(self, path: Path, say: Say = say_nothing) -> str:
        began, target = time.monotonic(), f"{self.host.root}/incoming/{path.name}"
        self._put(path.read_bytes(), target)
        say(f"{in_bytes(path.stat().st_size)} uploaded in {time.monotonic() - began:.1f} s")
        return target

    def has_environment(self, requirements: bytes) -> bool:
        key = environment_key(requirements, self._python)
        with talking(self.name):
            try:
                self._open.sftp().stat(f"{self.host.root}/venvs/{key}/{MARKER}")
            except FileNotFoundError:
                return False
            return True

    def lock(self, owner: str) -> None:
        channel = self._start("lock", f"--owner={owner}", silence=QUICK)
        with talking(self.name):
            for line in channel.lines():
                event = read_event(line)
                ours = event.get("owner") == owner  # of a connection of ours that broke
                if event.get("event") == "held" or ours:
                    self._lock, self._beats_end = channel, threading.Event()
                    beats = (channel, self._beats_end)
                    threading.Thread(target=_beat, args=beats, name=f"lock of {self.name}", daemon=True).start()
                    return
                if event.get("event") == "failed":
                    raise HostError(self.name, str(event.get("error")))
        raise self._crash("lock", channel)

    def unlock(self) -> None:
        self._beats_end.set()
        if self._lock:
            self._lock.close()
            self._lock = None

    def close(self) -> None:
        self.unlock()
        if self._connection:
            with suppress(Exception):  # it may be gone already
                self._connection.close()

    @property
    def _open(self) -> Connection:
        if self._connection is None or not self._connection.is_connected:
            raise Unreachable(self.name, "the connection is gone")
        return self._connection

    def _start(self, command: str, *arguments: str, silence: float | None) -> Channel:
        words = [self.host.python, self._program_path, command, self.host.root, *arguments]
        return self._execute(shlex.join(words), silence)

    def _execute(self, command: str, silence: float | None) -> Channel:
        with talking(self.name):
            return Channel(self._open, command, silence)

    def _crash(self, command: str, channel: Channel, noise: str = "") -> HostError:
        """Return what to say of a command that ended without a word."""
        if channel.exit_status is None:
            return Unreachable(self.name, f"the connection broke during {command}")
        last = (channel.stderr or noise or "it said nothing").splitlines()[-1]
        return HostError(self.name, f"{command} ended with exit code {channel.exit_status}: {last}", channel.stderr)

    def _put(self, content: bytes, path: str) -> None:
        """Write a file whole or not at all."""
        partial = f"{path}.{threading.get_ident():x}.partial"
        with talking(self.name):
            try:
                files = self._open.sftp()
            except (EOFError, SSHException) as error:
                if not self.is_open:
                    raise
                advice = "its sshd_config needs: Subsystem sftp internal-sftp"
                raise HostError(self.name, f"sshd offers no sftp ({error}); {advice}") from None
            try:
                files.putfo(io.BytesIO(content), partial, file_size=len(content))
                files.posix_rename(partial, path)
            except OSError as error:
                if not self.is_open:
                    raise
                raise HostError(self.name, f"{path} cannot be written: {error}") from None


def _beat(channel: Channel, end: threading.Event) -> None:
    with suppress(Exception):  # holds_lock tells
        while not end.wait(HEARTBEAT):
            channel.send(b"\n")
