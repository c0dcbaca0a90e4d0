"""Decides what is served: starts the new code beside the old, and swaps, gives up, or keeps the old."""

import asyncio
import re
import signal
import sys
from contextlib import suppress

from reloading.failures import Failure, explain, find_syntax_error, how_it_ended
from reloading.launching import Command, Launcher, StaleError, WarmProcessGoneError
from reloading.servers import Server
from reloading.sources import Sources
from reloading.terminal import BOLD, DIM, YELLOW, Terminal
from reloading.watching import Change, Watching

START_WITHIN = 30.0  # seconds; who takes longer hangs
GIVES_WAY_FOR = 2.0  # seconds in which a start is abandoned for a newer change; then one is let through
LAUNCHERS_TRIED = 3
DOUBTS_FOR = 0.05  # seconds after a start in which the news of a write before may still come
LIVED = 10.0  # seconds; a server that died is started again, but not for ever if that one dies younger
GOES_COLD = "A package keeps a thread, or imports the project: from now on each server starts from nothing"
GREETING = re.compile(rb"^Solo is ready:.*\Z", re.MULTILINE | re.DOTALL)


class Reloader:
    """Serves the newest code that starts.

    Args:
        command: how servers are started.
        terminal: where to tell of it.
        whole_tracebacks: whether to show what a server said in full when it did not start.
    """

    def __init__(self, command: Command, terminal: Terminal, *, whole_tracebacks: bool = False) -> None:
        self._command, self._terminal, self._whole_tracebacks = command, terminal, whole_tracebacks
        self._loop = asyncio.get_running_loop()
        self._sources = Sources(command.project)
        self._launchers = [Launcher(command)]
        self._watching = Watching(self._sources)
        self._serving: Server | None = None
        self._served_since = 0.0
        self._was_revived = False  # since the last change
        self._broken: set[str] = set()  # files that Python could not compile
        self._has_greeted = False

    async def run(self) -> None:
        """Serve and reload until cancelled; then end all servers in order."""
        try:
            await self._serve_newest(Change((), self._loop.time()))
            while True:
                if await self._watching.arrives_before(self._serving.ended if self._serving else None):
                    self._was_revived = False
                    await self._serve_newest(self._watching.take())
                else:
                    await self._replace_the_dead()
        finally:
            self._watching.stop()
            self._command.listener.close()
            await asyncio.gather(*(launcher.end() for launcher in self._launchers))

    def hurry(self) -> None:
        """Tell the servers that still drain to leave now: when their parent is gone, they get SIGINT."""
        for launcher in self._launchers:
            launcher.process.kill()

    async def _replace_the_dead(self) -> None:
        assert self._serving is not None
        how = how_it_ended(self._serving.ended.result())
        lived = self._loop.time() - self._served_since
        self._serving = None
        if self._was_revived and lived < LIVED:
            self._terminal.say(f"{how} again; waiting for a change", BOLD, YELLOW)
            return
        self._terminal.say(f"{how}; starting it again", BOLD, YELLOW)
        self._was_revived = True
        await self._serve_newest(Change((), self._loop.time()))

    async def _serve_newest(self, change: Change) -> None:
        """Start what is there now. A change that comes meanwhile is taken in, and the start begins anew."""
        while not await self._start(change):
            change = self._watching.take().with_earlier(change)

    async def _start(self, change: Change) -> bool:
        """Start the code; return False when it was given up because another change is there."""
        broken = find_syntax_error(self._command.project, [*change.paths, *self._broken])
        self._broken = {broken[0]} if broken else set()
        if broken:
            self._tell_failure(change, broken[1])
            return True
        self._watching.doubt()
        server = await self._launch()
        await self._ready_or_overtaken(server, change)
        self._watching.doubt(DOUBTS_FOR)
        self._launchers[-1].learn()
        if server.started.done() and server.started.result():
            await self._swap(server, change)
        elif server.started.done():
            self._tell_failure(change, self._explain(server, how_it_ended(server.ended.result())))
        elif self._watching.arrived.is_set():
            server.kill()
            return False
        else:
            await server.tell_where_it_hangs()
            self._tell_failure(change, self._explain(server, f"it was not ready within {START_WITHIN:g} s"))
        return True

    async def _launch(self) -> Server:
        """Start a server, by a new warm process where the last one is of no use."""
        for _ in range(LAUNCHERS_TRIED):
            launcher = self._launchers[-1]
            was_warm = launcher.is_warm
            server = Server(self._terminal.pass_on, lambda said: self._terminal.pass_on(said, sys.stderr))
            try:
                await server.start(launcher)
            except StaleError:
                self._terminal.say("The packages have changed: importing them anew", DIM)
                launcher.retire()
            except WarmProcessGoneError:
                pass
            else:
                if was_warm and not launcher.is_warm:
                    self._terminal.say(GOES_COLD, DIM)
                return server
            self._launchers.append(Launcher(self._command))
        raise WarmProcessGoneError

    async def _ready_or_overtaken(self, server: Server, change: Change) -> None:
        """Wait until the server is ready, dead, late, or no longer wanted.

        It is wanted to the end if changes have kept us from serving for long, or if it may be migrating the database.
        """
        migrates = any(path.startswith("migrations/") for path in change.paths)
        if migrates or self._loop.time() - change.since > GIVES_WAY_FOR:
            await asyncio.wait({server.started}, timeout=START_WITHIN)
        else:
            await self._watching.arrives_before(server.started, START_WITHIN)

    async def _swap(self, server: Server, change: Change) -> None:
        """Let the new server take over. The old one is told first: until it knows, both answer."""
        old, self._serving, self._served_since = self._serving, server, self._loop.time()
        if old:
            await old.retire()
        server.output.release(self._greeted_once)
        server.errors.release()
        if change.paths:
            self._terminal.say_reloaded(change.paths, self._loop.time() - change.since)

    def _greeted_once(self, output: bytes) -> bytes:
        """Take "Solo is ready …", the last that a server prints at its start, away from all but the first."""
        found = GREETING.search(output)
        if found and self._has_greeted:
            return output[: found.start()]
        self._has_greeted |= bool(found)
        return output

    def _explain(self, server: Server, ended: str) -> Failure:
        server.output.release()
        return explain(server.said, self._command.project, ended)

    def _tell_failure(self, change: Change, failure: Failure) -> None:
        if self._whole_tracebacks and failure.whole:
            self._terminal.pass_on(failure.whole.encode(), sys.stderr)
        serving = self._serving and not self._serving.ended.done()
        consequence = "the old code goes on serving" if serving else "waiting for a change"
        self._terminal.say_failed(change.paths, failure, consequence)


async def reload_until_signal(command: Command, terminal: Terminal, *, whole_tracebacks: bool) -> None:
    """Run a Reloader until SIGINT, SIGTERM or SIGHUP; a second one cuts the draining of its servers short.

    Raises:
        WatchingError: the files cannot be watched.
        WarmProcessGoneError: no process can be started that starts servers.
    """
    reloader = Reloader(command, terminal, whole_tracebacks=whole_tracebacks)
    work = asyncio.ensure_future(reloader.run())

    def on_signal() -> None:
        if work.cancelling():
            reloader.hurry()
        else:
            work.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
    with suppress(asyncio.CancelledError):
        await work
