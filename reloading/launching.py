"""Our side of the warm process: asks it for servers, hears of their ends."""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WARM_PROCESS = Path(__file__).with_name("warm_process.py")
MESSAGE_SIZE = 1 << 16
GONE = -9  # the status of a server whose warm process is gone


class StaleError(Exception):
    """The packages have changed since the warm process imported them."""


class WarmProcessGoneError(Exception):
    """The warm process has ended; with it, its servers are on their way out."""

    def __init__(self) -> None:
        super().__init__("the process that starts servers does not start itself")


@dataclass(frozen=True)
class Command:
    """What all servers are started with.

    Args:
        project: the folder of tornado_server.py.
        listener: the socket that they serve on, as standard input.
        arguments: tornado_server.py's.
        environment: the variables they see.
        warm: whether they may be forks of a process that has the packages imported.
    """

    project: Path
    listener: socket.socket
    arguments: Sequence[str]
    environment: Mapping[str, str]
    warm: bool = True


class Launcher:
    """One warm process. To be made inside an event loop."""

    def __init__(self, command: Command) -> None:
        self._control, theirs = socket.socketpair()
        temperature = "warm" if command.warm else "cold"
        options = [str(command.project), str(theirs.fileno()), temperature, *command.arguments]
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-u", "-X", "faulthandler", str(WARM_PROCESS), *options],
                stdin=command.listener.fileno(),
                pass_fds=[theirs.fileno()],
                env=dict(command.environment),
                start_new_session=True,  # Ctrl-C is for us alone: we then see to it that all end in order
            )
        self._control.setblocking(False)
        self._heard = b""
        self._start: tuple[asyncio.Future[dict[str, Any]], Callable[[int], None]] | None = None
        self._on_end: dict[int, Callable[[int], None]] = {}
        self.is_warm = command.warm and sys.platform == "linux"
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._control, self._receive)

    async def start(
        self, environment: Mapping[str, str], output: int, errors: int, on_end: Callable[[int], None]
    ) -> int:
        """Start a server and return its process id.

        Args:
            environment: variables of its own.
            output: the file descriptor for its standard output.
            errors: the one for its standard error.
            on_end: called with its exit status, as ``Popen.returncode``.

        Raises:
            StaleError: the packages have changed; retire this one and make another.
            WarmProcessGoneError: it has ended.
        """
        reply_comes: asyncio.Future[dict[str, Any]] = self._loop.create_future()
        self._start = reply_comes, on_end
        order = json.dumps({"start": dict(environment)}).encode() + b"\n"
        try:
            socket.send_fds(self._control, [order], [output, errors])
        except OSError:
            raise WarmProcessGoneError() from None
        reply = await reply_comes
        if "stale" in reply:
            raise StaleError
        if "started" not in reply:
            raise WarmProcessGoneError()
        self.is_warm = reply["warm"]
        return int(reply["started"])

    def learn(self) -> None:
        """Have it import what the servers have imported; to be said when one is ready, so as not to slow it down."""
        self._order(learn=True)

    def retire(self) -> None:
        """Let it leave once its last server has."""
        self._order(retire=True)

    async def end(self) -> None:
        """End its servers in order, and itself."""
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)
        await asyncio.to_thread(self.process.wait)
        self._gone()

    def _order(self, **message: object) -> None:
        with suppress(OSError):
            self._control.sendall(json.dumps(message).encode() + b"\n")

    def _receive(self) -> None:
        try:
            data = self._control.recv(MESSAGE_SIZE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._gone()
            return
        *lines, self._heard = (self._heard + data).split(b"\n")
        for message in map(json.loads, lines):
            if "ended" not in message:
                self._answer(message)
            elif on_end := self._on_end.pop(message["ended"], None):
                on_end(message["status"])

    def _answer(self, message: dict[str, Any]) -> None:
        if self._start is None:
            return
        (reply_comes, on_end), self._start = self._start, None
        if "started" in message:
            self._on_end[message["started"]] = on_end  # at once: its end may be told of in the next line
        if not reply_comes.done():
            reply_comes.set_result(message)

    def _gone(self) -> None:
        if self._control.fileno() < 0:
            return
        self._loop.remove_reader(self._control)
        self._control.close()
        self.process.poll()
        self._answer({})
        for on_end in self._on_end.values():
            on_end(GONE)
        self._on_end.clear()
