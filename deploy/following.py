"""``fab logs``: the logs of all hosts, each line behind the name of its host."""

import threading
from collections.abc import Sequence
from itertools import cycle

from deploy.connection import HostConnection
from deploy.errors import DeployError, HostError
from deploy.terminal import Terminal

COLOURS = ("cyan", "green", "yellow", "bold")


def show_logs(hosts: Sequence[HostConnection], terminal: Terminal, *, file: str, lines: int, follow: bool) -> None:
    """Write the last lines of a log, or of all, host by host; with ``follow``, what comes anywhere, until Ctrl-C.

    Raises:
        DeployError: a host does not answer, or has no such log. The others have been shown.
    """
    terminal.names = max(len(host.name) for host in hosts)
    arguments = [f"--lines={lines}", *([f"--file={file}"] if file else []), *(["--follow"] if follow else [])]
    readers = [
        _Reader(host, arguments, colour, terminal, at_once=follow)
        for host, colour in zip(hosts, cycle(COLOURS), strict=False)
    ]
    try:
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
            reader.show()
    except KeyboardInterrupt:
        return
    finally:
        for host in hosts:
            host.close()
    if failures := [str(reader.failure) for reader in readers if reader.failure]:
        raise DeployError("\n".join(failures))


class _Reader(threading.Thread):
    """Reads one host's log, and shows lines ``at_once``, or all of them when it is asked to."""

    def __init__(
        self, host: HostConnection, arguments: list[str], colour: str, terminal: Terminal, *, at_once: bool
    ) -> None:
        super().__init__(name=f"logs of {host.name}", daemon=True)
        self.failure: HostError | None = None
        self._host = host
        self._arguments = arguments
        self._colour = colour
        self._terminal = terminal
        self._at_once = at_once
        self._lines: list[str] = []

    def run(self) -> None:
        try:
            self._host.open(create=False)
            if not self._host.is_set_up:
                raise HostError(self._host.name, "nothing has been deployed there yet")
            for line in self._host.text("logs", *self._arguments):
                self._lines.append(line)
                if self._at_once:
                    self.show()
                if self._terminal.is_gone:  # `fab logs | head` has seen enough
                    return
        except HostError as error:
            self.failure = error

    def show(self) -> None:
        """Write what has not been written."""
        lines, self._lines = self._lines, []
        for line in lines:
            self._terminal.from_host(self._host.name, line, self._colour)
