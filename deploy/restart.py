"""``fab restart``: every process once more, one after the other, so that it reads the settings as they are now."""

import time
from collections.abc import Callable, Mapping

from deploy.errors import DeployError
from deploy.reports import GOOD, Status
from deploy.rollout import check_lock, failures_shown, where_it_is
from deploy.side_by_side import teller
from deploy.site import Site, refuse_locked
from deploy.terminal import in_words


def restart(site: Site, confirm: Callable[[str], None]) -> None:
    """Start all processes of a site again, with the release that they run. ``confirm`` asks the operator.

    Settings that cannot be read, or lead to no database, are found before a process is touched. A process that does
    not come up with them stays down; nothing else would bring it up, and all that were not reached serve as before.

    Raises:
        DeployError: the hosts are not at one release, or a process does not come up. The text says what is where.
    """
    with site.telling_so_far():
        site.connect(create=False)
        before = site.look()
        release = _common_release(before)
        _show(site, before)
        refuse_locked(before)
        confirm(f"Restart {in_words(len(site.targets), 'host')}?")
        with site.locked(before):
            Restart(site, release).run()


class Restart:
    """Restarts a site whose locks are held."""

    def __init__(self, site: Site, release: str) -> None:
        self.site = site
        self.release = release
        self._terminal = site.terminal
        self._begun: list[str] = []
        self._done: list[str] = []

    def run(self) -> None:
        """Do it, host by host.

        Raises:
            HostError: a host failed; its log is shown.
            KeyboardInterrupt: the operator stopped it between two hosts.
        """
        began = time.monotonic()
        self._terminal.heading("Try the settings, side by side")  # a program of the release reads them
        self.site.on_all(lambda target, _: target.run("database", self.release), told=lambda _: "they can be read")
        self._terminal.heading("Restart, host by host")
        with self.site.interrupts.held("this host is finished, then it stops"):
            for target in self.site.targets:
                self.site.interrupts.check()
                check_lock(target)
                self._begun.append(target.name)
                self._tell_so_far()
                with failures_shown(self._terminal, target.name) as seconds:
                    options = ("--again", "--timeout", str(target.host.ready_timeout))
                    target.run("activate", self.release, *options, say=teller(self._terminal, target.name))
                self._terminal.done(target.name, f"runs {self.release}", seconds())
                self._done.append(target.name)
                self._tell_so_far()
            self._terminal.heading(f"{in_words(len(self.site.targets), 'host')} restarted")
            self._terminal.done("", f"{self.release}, with the settings of now", time.monotonic() - began)

    def _tell_so_far(self) -> None:
        names = [target.name for target in self.site.targets]
        parts = {
            "Restarted": self._done,
            "As the failure left it": [name for name in self._begun if name not in self._done],
            "Not reached, with the settings it had": [name for name in names if name not in self._begun],
        }
        self.site.so_far = " ".join(f"{what}: {', '.join(which)}." for what, which in parts.items() if which)


def _common_release(states: Mapping[str, Status]) -> str:
    releases = {status.current for status in states.values()}
    if len(releases) > 1:
        raise DeployError("The hosts run different releases (fab status): deploy first, or name hosts with --hosts.")
    (release,) = releases
    if release is None:
        raise DeployError("Nothing runs on these hosts yet: there is nothing to restart.")
    for name, status in states.items():
        state = status.running.state if status.running else "gone"
        strangers = {process.release for process in status.processes if process.release} - {release}
        if state != GOOD or strangers:
            what = f"{release} is {state}" if state != GOOD else f"some processes run {', '.join(sorted(strangers))}"
            raise DeployError(f"{name}: {what} (fab status). A restart would finish that deployment: fab deploy does.")
    return release


def _show(site: Site, before: Mapping[str, Status]) -> None:
    site.terminal.heading("Plan: restart")
    rows = [(name, *where_it_is(status)) for name, status in before.items()]
    site.terminal.table(("HOST", "RUNS", "STATE", "PROCESSES"), rows)
    site.terminal.line()
