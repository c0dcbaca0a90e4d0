"""All hosts of a deployment together: connecting, looking, locking, one step on each."""

import getpass
import os
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TypeVar

from deploy.errors import DeployError, HostError
from deploy.interrupts import STOPPED, Interrupts
from deploy.reports import NOTHING_YET, Status, read_status
from deploy.side_by_side import Action, on_all
from deploy.target import Say, Target
from deploy.terminal import Terminal

T = TypeVar("T")


class Site:
    """The hosts, in the order in which they are deployed to. ``task`` says to others who holds a lock.

    ``so_far`` is a sentence or two on what was done, should it end here; whoever changes something keeps it true.
    """

    def __init__(self, targets: Sequence[Target], terminal: Terminal, interrupts: Interrupts, task: str) -> None:
        self.targets = targets
        self.terminal = terminal
        self.interrupts = interrupts
        self.so_far = "Nothing was changed."
        self.owner = f"{_user()}@{socket.gethostname()}, {task} {secrets.token_hex(3)}"
        terminal.names = max(len(target.name) for target in targets)

    def connect(self, *, create: bool) -> None:
        """Connect to all hosts and put the program there.

        Raises:
            HostError: a host cannot be reached, or cannot run the program.
        """
        self.terminal.heading("Connect")

        def open_it(target: Target, _: Say) -> str:
            target.open(create=create)
            return f"{target.host.address}, {target.host.root}"

        self.on_all(open_it, told=str)

    def look(self) -> dict[str, Status]:
        """Return how each host is now.

        Raises:
            HostError: a host does not say.
        """
        return self.on_all(lambda target, _: look_at(target))

    def on_all(self, action: Action[T], told: Callable[[T], str] | None = None) -> dict[str, T]:
        """Do it on all hosts side by side; see side_by_side.on_all."""
        return on_all(self.targets, action, self.terminal, told)

    @contextmanager
    def telling_so_far(self) -> Iterator[None]:
        """Have what ends a task, the operator or a host, say what was done until then.

        Raises:
            DeployError: in the place of KeyboardInterrupt and HostError.
        """
        try:
            yield
        except KeyboardInterrupt:
            raise DeployError(f"{STOPPED.capitalize()}. {self.so_far}") from None
        except HostError as error:
            if error.log:
                self.terminal.log(error.log)
            raise DeployError(f"{error}\n  {self.so_far}") from None

    @contextmanager
    def locked(self, before: Mapping[str, Status]) -> Iterator[None]:
        """Hold the locks of all hosts, which must be as they were ``before``.

        Raises:
            DeployError: a lock is taken, or somebody has deployed since.
        """
        try:
            for target in self.targets:  # in order: of two at the same time, one goes on
                target.lock(self.owner)
            now = self.look()
            for name, status in now.items():
                if status.current != before[name].current:
                    raise HostError(name, "somebody has deployed meanwhile; look again, and start again")
            yield
        finally:
            for target in self.targets:
                with suppress(HostError):
                    target.unlock()

    def close(self) -> None:
        """End all connections."""
        for target in self.targets:
            target.close()


def look_at(target: Target) -> Status:
    """Return how a host is now; one without a root is as empty as can be."""
    return read_status(target.run("status")) if target.is_set_up else NOTHING_YET


def refuse_locked(states: Mapping[str, Status]) -> None:
    """Say at once what the lock would say later.

    Raises:
        DeployError: somebody else is at work on a host.
    """
    for name, status in states.items():
        if status.lock_owner:
            holder = f"{status.lock_owner} since {status.locked_since}"
            raise DeployError(f"{name}: locked by {holder}. Nothing was changed.")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a name for its user
        return f"user {os.getuid()}"
