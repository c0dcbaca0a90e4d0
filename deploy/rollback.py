"""``fab rollback``: to the last good release before the current one, or to a named one."""

import shlex
import time
from collections.abc import Callable, Mapping

from deploy.errors import DeployError, HostError
from deploy.reports import FAILED, GOOD, InstalledRelease, Status
from deploy.rollout import Rollout, mark_all
from deploy.showing import running_cells
from deploy.site import Site, refuse_locked
from deploy.terminal import in_words


def roll_back(site: Site, named: str, confirm: Callable[[str], None]) -> None:
    """Take all hosts of a site back. ``confirm`` asks the operator.

    Raises:
        DeployError: there is no release to go to, or it failed; hosts returned to what they ran, as far as they could.
    """
    with site.telling_so_far():
        site.connect(create=False)
        before = site.look()
        release = choose_release(before, named)
        _show(site, before, release)
        refuse_locked(before)
        if all(status.current == release.name for status in before.values()):
            site.terminal.line("All hosts run it already: processes that are behind are rolled over, nothing else.")
        confirm(f"Roll {in_words(len(site.targets), 'host')} back to {release.name}?")
        began = time.monotonic()
        with site.locked(before):
            ways_back = {name: _way_back(status, release) for name, status in before.items()}
            with site.interrupts.held("the release runs everywhere, this is the end of it"):
                site.so_far = "What the hosts run now, fab status tells."
                Rollout(site, release.name, ways_back, is_new=False).run()
                site.so_far = f"All hosts run {release.name}."
                # Again: it is now the last one that was seen to work, and the next rollback goes by that.
                if not mark_all(site, release.name, GOOD):
                    raise DeployError(f"All hosts run {release.name}, but not every one is marked; see above.")
    site.terminal.heading(f"{release.name} runs on {in_words(len(site.targets), 'host')}")
    site.terminal.done("", f"solo {release.version}, commit {release.commit[:12]}", time.monotonic() - began)


def choose_release(states: Mapping[str, Status], named: str = "") -> InstalledRelease:
    """Return the release to go back to: good on all hosts, older than what runs, and the last that was seen to work.

    A ``named`` one may be newer, or current already, or not yet known as good; but not one that failed.

    Raises:
        DeployError: there is none; the text says what there is.
    """
    everywhere = set.intersection(*({release.name for release in status.releases} for status in states.values()))
    if named:
        return _named(states, named, everywhere)
    running = [status.current for status in states.values() if status.current]
    if not running:
        raise DeployError("Nothing runs on these hosts yet: there is nothing to roll back.")
    candidates = []
    for name in everywhere:
        found = [release for status in states.values() if (release := status.release(name))]
        if name < max(running) and all(release.state == GOOD for release in found):
            candidates.append(found[0])
    if not candidates:
        raise DeployError(
            f"There is no good release before {max(running)} that all hosts have; fab releases shows what there is."
        )
    return max(candidates, key=lambda release: (release.at, release.name))


def _named(states: Mapping[str, Status], named: str, everywhere: set[str]) -> InstalledRelease:
    lacking = [name for name, status in states.items() if status.release(named) is None]
    if named not in everywhere:
        where = "no host has it" if len(lacking) == len(states) else f"{', '.join(lacking)} lack it"
        raise DeployError(f"There is no release {named} to roll back to: {where}; fab releases shows what there is.")
    found = [release for status in states.values() if (release := status.release(named))]
    if failed := [release for release in found if release.state == FAILED]:
        reason = failed[0].reason or "no reason is known"
        raise DeployError(f"{named} has failed ({reason}): it is never rolled back to.")
    return found[0]


def _way_back(status: Status, release: InstalledRelease) -> str | None:
    """What a host returns to when ``release`` fails there: what it runs now, unless that is the same."""
    return status.current if status.current != release.name else None


def _show(site: Site, before: Mapping[str, Status], release: InstalledRelease) -> None:
    terminal = site.terminal
    terminal.heading(f"Plan: back to {release.name}")
    terminal.line(f"solo {release.version}, commit {release.commit[:12]}, known as {release.state} since {release.at}")
    terminal.line()
    rows = [(name, *running_cells(status), release.name) for name, status in before.items()]
    terminal.table(("HOST", "RUNS NOW", "VERSION", "STATE", "WILL RUN"), rows)
    terminal.line()
    _show_database(site, before, release)


def _show_database(site: Site, before: Mapping[str, Status], release: InstalledRelease) -> None:
    """Say whether the database is ahead of the release, and how it could be taken down. It is not done here."""
    terminal, first = site.terminal, site.targets[0]
    try:
        found = first.run("database", release.name)
    except HostError as error:
        terminal.warn("", f"What the database would say to it is unknown: {error.message}")
        return
    undone = found.get("downgrade") or []
    if not undone:
        terminal.line(f"The database stays at {found.get('current')}.")
        return
    terminal.warn("", f"The database is ahead: at {found.get('current')}; this release is made for {release.revision}.")
    terminal.line("It stays there, and the older code runs on it. Should that not do, these migrations can be undone;")
    terminal.line("what they added is then lost:")
    for revision in undone:
        terminal.line(f"  {revision.get('revision')}  {revision.get('message') or ''}")
    here = before[first.name]  # only a release that knows the database's revision can undo it
    knowing = (each.name for each in here.releases if each.revision == found.get("current"))
    folder = f"{first.host.root}/releases/{max(knowing, default=here.current)}"
    command = f"cd {shlex.quote(folder)} && .venv/bin/python manage.py db downgrade {shlex.quote(release.revision)}"
    terminal.line(f"By hand, on {first.name}, after the rollback:")
    terminal.line(f"  {command}")
