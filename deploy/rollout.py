"""Host by host to a release; and back, all that were touched, as soon as one fails or the operator stops it."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from deploy.errors import DeployError, HostError, Unreachable
from deploy.interrupts import STOPPED
from deploy.reports import FAILED, Status
from deploy.showing import STATE_COLOURS
from deploy.side_by_side import teller
from deploy.site import Site, look_at
from deploy.target import Target
from deploy.terminal import Cell, Terminal


class NotRolledOut(DeployError):
    """The release is not on all hosts. The text says why, and what is where now."""


class Rollout:
    """Brings a site, whose locks are held, to ``release``.

    ``ways_back`` says which release each host goes back to; None: to none, it stays as the failure leaves it.
    ``is_new``: whether a failure condemns the release, so that nobody rolls back to it.
    """

    def __init__(self, site: Site, release: str, ways_back: Mapping[str, str | None], *, is_new: bool) -> None:
        self.site = site
        self.release = release
        self.ways_back = ways_back
        self.is_new = is_new
        self.seconds: dict[str, float] = {}
        self._terminal = site.terminal

    def run(self) -> None:
        """Roll out.

        Raises:
            NotRolledOut: a host failed, or the operator stopped it; hosts that were touched went back, as far as
                they could.
        """
        self._terminal.heading("Roll over, host by host")
        touched: list[Target] = []
        with self.site.interrupts.held("this step ends, then the hosts go back"):
            try:
                for target in self.site.targets:
                    self.site.interrupts.check()
                    check_lock(target)
                    touched.append(target)
                    self._activate(target, self.release)
                self.site.interrupts.check()
            except BaseException as reason:
                said = STOPPED if isinstance(reason, KeyboardInterrupt) else str(reason)
                where = self._undo(touched, said)
                if isinstance(reason, DeployError | KeyboardInterrupt):
                    raise NotRolledOut(f"{self.release} is not rolled out: {said}\n  {where}") from None
                raise

    def _activate(self, target: Target, release: str, *, back: bool = False) -> None:
        before = f"could not go back to {release}: " if back else ""
        with failures_shown(self._terminal, target.name, before) as seconds:
            if back:
                self._reach(target)
            arguments = (release, "--timeout", str(target.host.ready_timeout))
            target.run("activate", *arguments, say=teller(self._terminal, target.name))
        self.seconds[target.name] = seconds()
        self._terminal.done(target.name, f"{'back at' if back else 'runs'} {release}", self.seconds[target.name])

    def _reach(self, target: Target) -> None:
        """Connect and lock once more, where that broke.

        Raises:
            HostError: the host runs what neither this deployment brought nor was there before: it is somebody else's.
        """
        if target.holds_lock:
            return
        self._reconnect(target)
        try:
            current = look_at(target).current
        except HostError:  # it does not say; going back is the better bet
            self._reconnect(target)
            return
        if current not in (self.release, self.ways_back[target.name]):
            raise HostError(target.name, f"somebody has deployed {current} meanwhile: it is left alone")

    def _reconnect(self, target: Target) -> None:
        if not target.is_open:
            target.open(create=False)
        if not target.holds_lock:
            target.lock(self.site.owner)

    def _undo(self, touched: list[Target], reason: str) -> str:
        """Take back what was touched, condemn the release; return a line about what is where."""
        with self.site.interrupts.held("the hosts go back"):
            goes_back = [target for target in reversed(touched) if self.ways_back[target.name]]
            if goes_back:
                self._terminal.heading("Go back")
            for target in touched:
                if target not in goes_back:
                    self._terminal.warn(target.name, "has nothing to go back to: it stays as it is")
            stuck = [target.name for target in goes_back if not self._go_back(target)]
            if self.is_new:
                mark_all(self.site, self.release, FAILED, reason)
            found = self._show_what_is_where()
            self.site.interrupts.forget()
        if stuck:
            return f"{', '.join(stuck)} could not go back: see above, and mend by hand (fab status, fab logs)."
        if len(goes_back) < len(touched):
            return "There is nothing to go back to: the processes stay as the failure left them (fab status, fab logs)."
        if len(found) == 1 and (release := found.pop()):
            return f"All hosts run {release}{' again' if touched else ', as before'}."
        return "The hosts run what they ran before: see above."

    def _go_back(self, target: Target) -> bool:
        """Return whether it worked; what goes wrong here must not keep the next host from going back."""
        previous = self.ways_back[target.name]
        assert previous is not None
        try:
            self._activate(target, previous, back=True)
        except HostError:
            return False
        return True

    def _show_what_is_where(self) -> set[str | None]:
        """Show it, and return the releases that hosts run; ``None`` for a host that does not say."""
        rows: list[tuple[Cell, ...]] = []
        found: set[str | None] = set()
        for target in self.site.targets:
            try:
                status = look_at(target)
                rows.append((target.name, *where_it_is(status)))
                found.add(status.current)
            except HostError as error:
                rows.append((target.name, ("nobody knows", "red"), "", error.message))
                found.add(None)
        self._terminal.heading("What is where now")
        self._terminal.table(("HOST", "RUNS", "STATE", "PROCESSES"), rows)
        return found


@contextmanager
def failures_shown(terminal: Terminal, name: str, before: str = "") -> Iterator[Callable[[], float]]:
    """Show what goes wrong on a host, with its log. Yields what tells the seconds since."""
    began = time.monotonic()
    try:
        yield lambda: time.monotonic() - began
    except HostError as error:
        terminal.failed(name, before + error.message, time.monotonic() - began)
        if error.log:
            terminal.log(error.log)
            error.log = ""  # it has been shown
        raise


def check_lock(target: Target) -> None:
    """See that the lock of a host is still ours.

    Raises:
        Unreachable: it is not.
    """
    if not target.holds_lock:
        raise Unreachable(target.name, "the lock is lost" if target.is_open else "the connection is gone")


def mark_all(site: Site, release: str, state: str, reason: str = "") -> bool:
    """Write on every host what became of a release; return whether all have it. One that fails is told, no more."""
    complete = True
    for target in site.targets:
        try:
            target.run("mark", release, state, *([f"--reason={reason}"] if reason else []))
        except HostError as error:
            site.terminal.warn(target.name, f"{release} could not be marked as {state}: {error.message}")
            complete = False
    return complete


def where_it_is(status: Status) -> tuple[Cell, Cell, Cell]:
    """Return what a host runs, its state, and how many of its processes are ready with it."""
    release, processes = status.running, status.processes
    ready = sum(process.ready and process.release == status.current for process in processes)
    state = release.state if release else ""
    count = f"{ready} of {len(processes)} ready" if processes else "none"
    return (
        status.current or "nothing",
        (state, STATE_COLOURS.get(state, "")),
        (count, "green" if processes and ready == len(processes) else "red"),
    )
