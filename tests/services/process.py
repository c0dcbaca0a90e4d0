"""What a throw-away server is made of: a process and a folder that do not outlive the test run."""

import ctypes
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

PREFIX = "solo-test-"
MANY = "1000000 per minute"
UNLIMITED = {"SOLO_LIMIT_PER_ADDRESS": MANY, "SOLO_LIMIT_PER_USER": MANY}  # a test's load comes from one address
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class ServiceDied(Exception):
    """The server died at its start, or did not answer in time; the text ends with its log."""


def die_with_parent() -> Callable[[], None]:
    """A ``preexec_fn``: the child is killed when the thread that starts it ends, however it ends (Linux only)."""
    parent = os.getpid()

    def prepare() -> None:
        if _libc:
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:  # it died in between
                os._exit(1)

    return prepare


def free_port() -> int:
    """A TCP port that nobody has now, and that no outgoing connection is given while a server is down.

    Linux gives those the ports from 32768 on; under load one of them soon has any that a server left.
    """
    while True:
        port = random.SystemRandom().randrange(15_000, 32_000)
        with suppress(OSError), socket.socket() as candidate:
            candidate.bind(("", port))
            return port


def hear(path: Path, say: bytes = b"") -> bytes:
    """Connect to a Unix socket, say this, return the first bytes of the answer; none where nobody answers in 1 s."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            client.connect(str(path))
            client.sendall(say)
            return client.recv(100)
    except OSError:
        return b""


def make_folder(name: str) -> Path:
    """A private folder, short enough for a socket; first removes those of test runs that were killed."""
    root = Path(tempfile.gettempdir())
    if len(str(root)) > 40:
        root = Path("/tmp")
    for folder in root.glob(f"{PREFIX}{name}-*-*"):
        if not _runs(int(folder.name.split("-")[-2])):
            shutil.rmtree(folder, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{name}-{os.getpid()}-", dir=root))


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


class Running(ABC):
    """Runs from the beginning of a with block to its end."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:  # Ctrl-C too
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @abstractmethod
    def start(self) -> None:
        """Start it and wait until it is at work."""

    @abstractmethod
    def stop(self) -> object:
        """End it and wait for that."""


class Service(Running):
    """A server that can be started, stopped, killed, frozen and thawed, and keeps its address over all of that.

    Start it in a thread that lives as long as it should: Linux takes it away with that thread.
    """

    name: str
    start_seconds = 30.0

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None

    @property
    def folder(self) -> Path:
        """Where it keeps its files, socket and log; the same path always, stop() empties it."""
        if self._folder is None:
            self._folder = make_folder(self.name)
        return self._folder

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and wait until it answers; after kill() on the same address and with what it had stored.

        Raises:
            ServiceDied: it did not come up.
        """
        if self.is_running:
            return
        self.folder.mkdir(mode=0o700, exist_ok=True)  # stop() removed it
        self.prepare()
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the test run, which then stops this
                preexec_fn=die_with_parent(),
            )
        deadline = time.monotonic() + self.start_seconds
        while not self.answers():
            if not self.is_running or time.monotonic() > deadline:
                self.kill()
                raise ServiceDied(f"{self.name} did not start:\n{self._last_lines()}")
            time.sleep(0.01)

    def stop(self) -> None:
        """End it in an orderly way (a frozen one too) and remove all it stored."""
        if self._process and self.is_running:
            self.thaw()
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(15)
        self.kill()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def kill(self) -> None:
        """kill -9: connections break, new ones are refused until start()."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """SIGSTOP: it accepts connections and says nothing, until thaw()."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT: it answers what was asked meanwhile."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None:
            raise RuntimeError(f"{self.name} is not running")
        self._process.send_signal(number)

    def _last_lines(self) -> str:
        return "\n".join((self.folder / "log").read_text(errors="replace").splitlines()[-10:])

    def prepare(self) -> None:
        """Make what the server needs before it can start."""

    @abstractmethod
    def command(self) -> list[str]:
        """The server's command line."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it can be used now."""
