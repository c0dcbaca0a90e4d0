"""20 deployments and 20 rollbacks of the real thing, while people use the site; each after one that was killed.

Each test stands for a line of fab's output, and so for a step. A deployment is killed there, the next one has to work,
and is then rolled back. With DRILL=short there are six, at lines of all three kinds.
"""

import os

import pytest

from tests.deploy.load import Load, wait_until
from tests.deploy.site import Site

pytestmark = [pytest.mark.deploy, pytest.mark.mariadb, pytest.mark.timeout(600)]

NOTHING_SWITCHED = [
    "^Build",
    "^Connect",
    "^Plan",
    "^Prepare",
    "left .* uploaded",
    "middle .* unpacking",
    "✓ left .* prepared",
    "^Migrate",
    "left .* migrating from",
]
SOME_SWITCHED = [
    "✓ left .* → ",
    "left .* current is",
    "left .*solo_0: from",
    "left .*solo_1: from",
    "✓ left .* runs",
    "middle .*solo_1: from",
    "✓ right .* runs",
]
ALL_SWITCHED = [
    "^Tidy up",
    "marked as good",
    "✓ middle .* pruned",
    "^What is where now",
]
LINES = [*NOTHING_SWITCHED, *SOME_SWITCHED, *ALL_SWITCHED]
DRILLED = LINES[2::3] if os.environ.get("DRILL") == "short" else LINES
SECONDS = 60.0  # within which a host has finished what it was at
KILLED = -9
MOST = 12  # releases: five good ones, current and the one before, three that failed; what was killed is newer or gone


def test_first_deploy_makes_empty_hosts_serve(empty_site: Site, first_release: str) -> None:
    for host in empty_site.hosts:
        assert host.states()[first_release] == "good"


@pytest.mark.parametrize("line", DRILLED)
def test_deploy_after_a_killed_one_and_rollback_drop_no_request(line: str, site: Site, load: Load) -> None:
    before, number = site.release(), LINES.index(line)
    killed = kill_deploy(site, line)
    if line in NOTHING_SWITCHED:
        assert {host.current for host in site.hosts} == {before}
        assert {release for host in site.hosts for release in host.serving().values()} == {before}
    good = site.good_releases()

    release = site.deploy(table=number % 4 == 0)
    assert release in site.good_releases()
    assert len(site.hosts[0].states()) <= MOST
    if number % 2:
        newest = max(good - {before})
        site.roll_back(newest, to=newest)
    else:
        site.roll_back(to=killed if killed in good else before)


def kill_deploy(site: Site, line: str) -> str | None:
    """Commit a release, deploy it, kill fab at this line; see that all processes come to serve. Return its name."""
    commit = site.commit(table=True)
    command = site.start_fab("deploy", "--yes")
    command.wait_for_line(line)
    run = command.kill()
    assert run.code == KILLED, f"it ended before {line} came:\n{run.output}"
    wait_until(lambda: not any(host.is_locked() for host in site.hosts), "the locks fall", SECONDS)
    wait_until(lambda: all(host.is_whole() for host in site.hosts), "all processes serve", SECONDS)
    return next((name for name in site.hosts[0].states() if name.endswith(commit)), None)
