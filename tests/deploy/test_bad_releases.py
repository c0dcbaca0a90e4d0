"""Releases that must not come to serve: each goes back by itself, and nobody outside notices."""

from collections.abc import Callable

import pytest

from tests.deploy.load import Load
from tests.deploy.project import Project
from tests.deploy.site import Site

pytestmark = [pytest.mark.deploy, pytest.mark.mariadb, pytest.mark.timeout(600)]

Commit = Callable[[Project], str]
BAD = {
    "does not import": (Project.commit_broken_import, "module_not_there"),
    "ends at its start": (Project.commit_broken_start, "broken on purpose"),
    "hangs at its start": (Project.commit_hanging_start, "not ready"),
    "is never ready": (Project.commit_never_ready, "broken on purpose"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_release_goes_back_by_itself_and_drops_no_request(kind: str, site: Site, load: Load) -> None:
    commit_bad, told = BAD[kind]
    before = site.release()
    commit = commit_bad(site.project)
    run = site.fab("deploy", "--yes")
    site.project.drop_last()

    assert run.code == 1, run.output
    assert told in run.output, run.output
    site.assert_serves(before, run)
    assert not any(host.is_locked() for host in site.hosts)
    for host in site.hosts:
        assert {state for name, state in host.states().items() if name.endswith(commit[:12])} <= {"failed", "prepared"}


def test_rollback_after_a_bad_release_passes_over_it(site: Site, load: Load) -> None:
    before = site.release()
    site.project.commit_broken_start()
    assert site.fab("deploy", "--yes").code == 1
    site.project.drop_last()
    site.deploy()
    site.roll_back(to=before)
