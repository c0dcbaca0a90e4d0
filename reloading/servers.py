"""One server, from its start to its end: its output, its readiness, its leaving."""

import asyncio
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from reloading.failures import how_it_ended
from reloading.launching import Launcher

CHUNK = 1 << 16
STACK_WITHIN = 1.0  # seconds for a server that hangs to write down where
STOPPED_WITHIN = 1.0  # seconds after which we no longer wait for an old server's word that it accepts nothing
GIVEN_UP_AFTER = 60.0  # seconds that an old server may take to leave


class Channel:
    """Reads what a server writes to one of its standard files, and passes it on when it may.

    Args:
        pass_on: called with bytes.
    """

    def __init__(self, pass_on: Callable[[bytes], None]) -> None:
        self._reading, self.writing = os.pipe()
        os.set_blocking(self._reading, False)
        self._pass_on = pass_on
        self._held: bytes | None = b""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._reading, self._read)

    @property
    def held(self) -> bytes:
        """What has come and was not passed on yet."""
        return self._held or b""

    def release(self, shown: Callable[[bytes], bytes] = bytes) -> None:
        """Pass on what was held, edited by ``shown``, and from now on all that comes."""
        self.read_all()
        held, self._held = self.held, None
        self._pass_on(shown(held))

    def read_all(self) -> None:
        """Read what is there now."""
        while self._reading >= 0 and self._read():
            pass

    def _read(self) -> bool:
        try:
            data = os.read(self._reading, CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self._loop.remove_reader(self._reading)
            os.close(self._reading)
            self._reading = -1
            return False
        if self._held is None:
            self._pass_on(data)
        else:
            self._held += data
        return True


class Server:
    """One process that serves, or will. ``start`` makes them.

    ``started`` becomes True when it is ready, False when it ended before; ``ended`` is its exit status.
    """

    def __init__(self, pass_on_output: Callable[[bytes], None], pass_on_errors: Callable[[bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        self.pid = 0
        self.output = Channel(pass_on_output)
        self.errors = Channel(pass_on_errors)
        self.started: asyncio.Future[bool] = loop.create_future()
        self.ended: asyncio.Future[int] = loop.create_future()
        self._accepts_no_more = asyncio.Event()
        self._loop = loop
        self._notices, self._address = _notification_socket()
        loop.add_reader(self._notices, self._hear)

    async def start(self, launcher: Launcher) -> None:
        """Have it started.

        Raises:
            StaleError, WarmProcessGoneError: see ``Launcher.start``.
        """
        try:
            self.pid = await launcher.start(
                {"NOTIFY_SOCKET": self._address}, self.output.writing, self.errors.writing, self._on_end
            )
        finally:
            os.close(self.output.writing)
            os.close(self.errors.writing)
            if not self.pid:
                self._on_end(0)

    @property
    def said(self) -> str:
        """What it wrote to standard error since its start; empty once that was passed on."""
        return self.errors.held.decode(errors="replace")

    def kill(self) -> None:
        """End it at once: it has accepted nothing yet, or has not left in time."""
        self._signal(signal.SIGKILL)

    async def tell_where_it_hangs(self) -> str:
        """End it, and return how it ended; ``said`` then holds the stack (faulthandler's)."""
        self._signal(signal.SIGABRT)
        await asyncio.wait({self.ended}, timeout=STACK_WITHIN)
        self.kill()
        return how_it_ended(await self.ended)

    async def retire(self) -> None:
        """Have it finish what is in flight and leave; return when it accepts no more connections."""
        self._signal(signal.SIGTERM)
        self._loop.call_later(GIVEN_UP_AFTER, self.kill)
        with suppress(TimeoutError):  # not wait_for: before Python 3.12 it may swallow Ctrl-C
            async with asyncio.timeout(STOPPED_WITHIN):
                await self._accepts_no_more.wait()

    def _signal(self, number: signal.Signals) -> None:
        if not self.ended.done():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _hear(self) -> None:
        notice = self._notices.recv(CHUNK).decode(errors="replace").splitlines()
        if "READY=1" in notice and not self.started.done():
            self.started.set_result(True)
        if "STOPPING=1" in notice:
            self._accepts_no_more.set()

    def _on_end(self, status: int) -> None:
        if self.ended.done():
            return
        self.output.read_all()
        self.errors.read_all()
        self._loop.remove_reader(self._notices)
        self._notices.close()
        if not self._address.startswith("@"):
            Path(self._address).unlink(missing_ok=True)
            Path(self._address).parent.rmdir()
        self._accepts_no_more.set()
        self.ended.set_result(status)
        if not self.started.done():
            self.started.set_result(False)


def _notification_socket() -> tuple[socket.socket, str]:
    """Return a socket for sd_notify(3) and its address; on Linux one that leaves nothing behind in a folder."""
    notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notices.setblocking(False)
    if sys.platform == "linux":
        notices.bind("")  # the kernel chooses a name
        return notices, "@" + os.fsdecode(notices.getsockname()[1:])
    address = str(Path(tempfile.mkdtemp(prefix="solo-")) / "notify")
    notices.bind(address)
    return notices, address
