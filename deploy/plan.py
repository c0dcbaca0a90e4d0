"""What a deploy would do, worked out before anything is changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from deploy.archive import Archive
from deploy.errors import HostError
from deploy.reports import FAILED, GOOD, PREPARED, Status
from deploy.repository import Commit, Repository
from deploy.revisions import Revision
from deploy.site import Site

STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Plan:
    """What will run where, and what comes with it.

    ``is_current``: all hosts have it already. ``comes`` and ``goes``: commits that the hosts' release lacks, or has
    more; None where git cannot tell. ``database``: its revision, None where it could not be asked. ``migrations``:
    what will be applied, None where the database is ahead or unknown. ``has_environment``, ``ways_back``: by host.
    """

    archive: Archive
    release: str
    is_current: bool
    before: Mapping[str, Status]
    ways_back: Mapping[str, str | None]
    comes: list[Commit] | None
    goes: list[Commit] | None
    database: str | None
    migrations: list[Revision] | None
    has_environment: Mapping[str, bool]


def make_plan(site: Site, archive: Archive, repository: Repository, before: Mapping[str, Status]) -> Plan:
    """Return the plan for hosts that are as ``before``.

    Raises:
        HostError: a host does not answer.
    """
    running = [release for status in before.values() if (release := status.running)]
    oldest = min(running, key=lambda release: release.name, default=None)
    current = current_everywhere(archive, before)
    database = _ask_database(site, before)
    return Plan(
        archive=archive,
        release=current or name_release(archive, before, datetime.now(UTC)),
        is_current=current is not None,
        before=before,
        ways_back=ways_back(before),
        comes=repository.between(oldest.commit, archive.release.commit) if oldest else None,
        goes=repository.between(archive.release.commit, oldest.commit) if oldest else None,
        database=database,
        migrations=archive.revisions.after(database) if database else None,
        has_environment=site.on_all(
            lambda target, _: target.is_set_up and target.has_environment(archive.requirements)
        ),
    )


def name_release(archive: Archive, before: Mapping[str, Status], now: datetime) -> str:
    """Return ``<time>-<commit>``; later than all releases there are, whatever this machine's clock says."""
    stamps = [release.name[:16] for status in before.values() for release in status.releases]
    latest = max(stamps, default="")
    stamp = now.strftime(STAMP)
    if stamp <= latest:
        stamp = (datetime.strptime(latest, STAMP) + timedelta(seconds=1)).strftime(STAMP)
    return f"{stamp}-{archive.commit}{'-dirty' if archive.release.dirty else ''}"


def current_everywhere(archive: Archive, before: Mapping[str, Status]) -> str | None:
    """Return the release that all hosts run, if it is of the archive's commit and nothing speaks against it."""
    running = {status.current: status.running for status in before.values()}
    name, release = next(iter(running.items()))
    if len(running) > 1 or name is None or release is None or archive.release.dirty or release.is_dirty:
        return None
    failed = any(found.state == FAILED for status in before.values() if (found := status.running))
    return name if release.commit == archive.release.commit and not failed else None


def ways_back(before: Mapping[str, Status]) -> dict[str, str | None]:
    """Return for each host which release it goes back to when the new one fails.

    What it ran before, where that was good. Where it was not (a deploy was killed): the last good one that all have,
    else the last good one it has, else what it ran, unless that has failed.
    """
    good = {name: {each.name for each in status.releases if each.state == GOOD} for name, status in before.items()}
    common = set.intersection(*good.values())
    ways: dict[str, str | None] = {}
    for name, status in before.items():
        running = status.running
        if running and running.state == GOOD:
            ways[name] = running.name
        else:
            unsure = running.name if running and running.state == PREPARED else None
            ways[name] = max(common or good[name], default=unsure)
    return ways


def _ask_database(site: Site, before: Mapping[str, Status]) -> str | None:
    for target in site.targets:
        current = before[target.name].current
        if current:
            try:
                return str(target.run("database", current).get("current") or "") or None
            except HostError as error:
                site.terminal.warn(target.name, f"the database's revision is unknown: {error.message}")
                return None
    return None
