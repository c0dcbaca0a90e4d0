"""What a deployment needs of a host: steps of the program there, an upload, a lock. connection.py has the real one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from deploy.hosts import Host

Say = Callable[[str], None]


def say_nothing(_: str) -> None:
    """For steps that nobody needs to hear of."""


class Target(Protocol):
    """A host that can be deployed to. Everything may raise HostError; Unreachable where the connection is gone."""

    host: Host

    @property
    def name(self) -> str:
        """What the operator calls it."""

    @property
    def is_open(self) -> bool:
        """Whether there is a connection."""

    @property
    def is_set_up(self) -> bool:
        """Whether it has a root with the program in it; without, nothing can be asked."""

    @property
    def holds_lock(self) -> bool:
        """Whether lock() has been done, and the lock is still ours."""

    def open(self, *, create: bool) -> None:
        """Connect, and put the program there; ``create`` makes the root's folders where they are missing."""

    def run(self, command: str, *arguments: str, say: Say = say_nothing) -> dict[str, Any]:
        """Run a command of the program: return its result, pass on its steps."""

    def upload(self, path: Path, say: Say = say_nothing) -> str:
        """Copy a file into ``incoming/``; return its path there."""

    def has_environment(self, requirements: bytes) -> bool:
        """Whether the virtual environment for this requirements.txt is built there."""

    def lock(self, owner: str) -> None:
        """Take the host's lock and hold it until unlock() or close(), or the end of this process."""

    def unlock(self) -> None:
        """Give the lock back."""

    def close(self) -> None:
        """End the connection, and with it what other threads do over it."""
