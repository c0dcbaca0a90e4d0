"""One site for all tests of a run: deployed to once from nothing, then again and again, always under load."""

from collections.abc import Callable, Iterator

import pytest

from tests.deploy.load import Load
from tests.deploy.site import Site
from tests.services.mariadb import MariaDBMissing
from tests.services.nginx import NginxMissing
from tests.services.sshd import SshdMissing

FIGURES = "figures"  # a property of tests that is shown at the end


@pytest.fixture(scope="session")
def empty_site() -> Iterator[Site]:
    """A site with nothing on its hosts but their settings."""
    try:
        with Site() as site:
            yield site
    except (MariaDBMissing, NginxMissing, SshdMissing) as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def first_release(empty_site: Site) -> str:
    """What was deployed to the empty hosts."""
    return empty_site.deploy()


@pytest.fixture
def site(empty_site: Site, first_release: str) -> Site:
    """A site that serves; which release depends on the tests before."""
    return empty_site


@pytest.fixture
def load(site: Site, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Iterator[Load]:
    """Load during the whole test; afterwards not one request may have failed, nor one write been lost.

    Parametrized indirectly with False, all of it goes through nginx.
    """
    with site.load(direct=getattr(request, "param", True)) as load:
        yield load
        load.seconds(1)
    told = {"test": request.node.name, FIGURES: str(load), "sent": load.figures["sent"], "failed": len(load.failures)}
    for name, value in told.items():
        record_property(name, value)
    site.check(load)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the figures, also of tests that passed."""
    reports = [report for outcome in ("", "error") for report in terminalreporter.stats.get(outcome, [])]
    properties = [dict(report.user_properties) for report in reports if report.when == "teardown"]
    shown = [found for found in properties if FIGURES in found]
    for found in shown:
        terminalreporter.write_line(f"{found['test']}: {found[FIGURES]}")
    if shown:
        total = {name: sum(found[name] for found in shown) for name in ("sent", "failed")}
        terminalreporter.write_line("In all, {failed} failed of {sent} requests.".format(**total))
