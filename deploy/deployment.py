"""``fab deploy``: lock, prepare side by side, migrate once, roll over host by host, mark as good, prune."""

import time
from collections.abc import Callable

from deploy.archive import Archive
from deploy.errors import DeployError, HostError
from deploy.plan import Plan, make_plan
from deploy.reports import FAILED, GOOD
from deploy.repository import Repository
from deploy.rollout import NotRolledOut, Rollout, mark_all, where_it_is
from deploy.showing import show_plan
from deploy.side_by_side import teller
from deploy.site import Site, refuse_locked
from deploy.target import Say, Target
from deploy.terminal import in_words


def deploy(site: Site, archive: Archive, repository: Repository, confirm: Callable[[str], None]) -> None:
    """Bring an archive to all hosts of a site. ``confirm`` asks the operator.

    Raises:
        DeployError: it is not everywhere. The text says why and what is where; hosts went back as far as they could.
    """
    with site.telling_so_far():
        site.connect(create=True)
        before = site.look()
        plan = make_plan(site, archive, repository, before)
        show_plan(plan, site.terminal)
        refuse_locked(before)
        confirm(f"Deploy to {in_words(len(site.targets), 'host')}?")
        with site.locked(before):
            Deployment(site, plan).run()


class Deployment:
    """A plan that is carried out on a site whose locks are held."""

    def __init__(self, site: Site, plan: Plan) -> None:
        self.site = site
        self.plan = plan
        self._of_the_database = ""
        self._terminal = site.terminal
        nowhere = dict.fromkeys(plan.before)  # a failure of what runs anyway has nothing to go back to
        ways_back = nowhere if plan.is_current else plan.ways_back
        self._began = time.monotonic()
        self._rollout = Rollout(site, plan.release, ways_back, is_new=not plan.is_current)

    def run(self) -> None:
        """Carry it out.

        Raises:
            DeployError: it failed; see ``Site.so_far`` unless the text says what is where.
            KeyboardInterrupt: the operator stopped it before a host was switched.
        """
        self.site.so_far = "No host was switched."
        if not self.plan.is_current:
            self._terminal.heading("Prepare, side by side")
            self.site.on_all(self._prepare, told=lambda _: "prepared")
            self._migrate()
        with self.site.interrupts.held("the release runs everywhere, this is the end of it"):
            try:
                self._rollout.run()
            except NotRolledOut as error:
                raise DeployError(f"{error}{self._of_the_database}") from None
            self.site.so_far = "The release runs on all hosts; fab deploy once more completes what is missing."
            self._finish()
            self._tell()

    def _tell(self) -> None:
        self._terminal.heading(f"{self.plan.release} runs on {in_words(len(self.site.targets), 'host')}")
        self._terminal.done("", self.plan.archive.title, time.monotonic() - self._began)

    def _prepare(self, target: Target, say: Say) -> None:
        archive, release = self.plan.archive, self.plan.release
        path = target.upload(archive.path, say)
        target.run("prepare", release, path, archive.sha256, "--python", target.host.python, say=say)

    def _migrate(self) -> None:
        """Migrate, once for all, before any host is switched: old code runs on a newer database, not vice versa."""
        first, release = self.site.targets[0], self.plan.release
        self._terminal.heading("Migrate")
        began = time.monotonic()
        with self.site.interrupts.held("the migration ends, then it stops"):
            try:
                result = first.run("migrate", release, say=teller(self._terminal, first.name))
            except HostError as error:
                self._terminal.failed(first.name, error.message, time.monotonic() - began)
                mark_all(self.site, release, FAILED, f"its migration failed: {error.message}")
                raise
            old, new = result.get("from"), result.get("to")
            text = f"the database is at {new} already" if old == new else f"{old or 'nothing'} → {new}"
            self._terminal.done(first.name, text, time.monotonic() - began)
            if old != new:
                self._of_the_database = f"\n  The database stays at {new}; it was at {old or 'nothing'} before."
                self.site.so_far += self._of_the_database
        self.site.interrupts.check()

    def _finish(self) -> None:
        self._terminal.heading("Tidy up")
        if not mark_all(self.site, self.plan.release, GOOD):
            raise DeployError(f"Not every host knows that {self.plan.release} is good.\n  {self.site.so_far}")
        self._terminal.done("", "marked as good")
        self.site.on_all(
            lambda target, _: target.run("prune", "--keep", str(target.host.keep)),
            told=lambda result: f"pruned{_removed(result)}",
        )
        states = self.site.look()
        self._terminal.heading("What is where now")
        seconds = self._rollout.seconds
        self._terminal.table(
            ("HOST", "RUNS", "STATE", "PROCESSES", "ROLLED OVER IN"),
            [(name, *where_it_is(status), f"{seconds[name]:.1f} s") for name, status in states.items()],
        )


def _removed(result: dict[str, object]) -> str:
    removed = result.get("removed")
    return f": {', '.join(map(str, removed))}" if isinstance(removed, list) and removed else ""
