"""Three hosts in memory that run a good release, and an archive of the next one; and one behind a real sshd."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fabric import Config

from deploy.archive import Archive, Release
from deploy.connection import HostConnection
from deploy.deployment import deploy
from deploy.errors import Declined
from deploy.host_program import pack_host_program
from deploy.hosts import Host
from deploy.interrupts import Interrupts
from deploy.repository import Commit
from deploy.restart import restart
from deploy.revisions import Revisions
from deploy.rollback import roll_back
from deploy.site import Site
from deploy.terminal import Terminal
from tests.deploy.fab.host_in_memory import HostInMemory
from tests.services.sshd import SshdMissing, SshServer

Connect = Callable[..., HostConnection]
PROGRAM = pack_host_program()
NAMES = ("a", "b", "c")
OLDER, BEFORE = "20260101T000000Z-000000000000", "20260102T000000Z-111111111111"
COMMIT = "2" * 40
MIGRATION = 'revision = "{}"\ndown_revision = {}\n\n\ndef upgrade():\n    pass\n'


class Stage:
    """What a test of a deployment has in its hands. ``text`` is all that the operator has seen."""

    def __init__(self, archive: Archive) -> None:
        self.calls: list[tuple[str, ...]] = []
        self.hosts = [HostInMemory(name, self.calls) for name in NAMES]
        self.archive = archive
        self.questions: list[str] = []
        self.says_yes = True
        self.commits: list[Commit] | None = []
        self.lost: list[Commit] | None = []
        self._out = io.StringIO()

    @property
    def text(self) -> str:
        return self._out.getvalue()

    def host(self, name: str) -> HostInMemory:
        return next(host for host in self.hosts if host.name == name)

    def between(self, _old: str, new: str) -> list[Commit] | None:
        """For deploy.repository.Repository."""
        return self.commits if new == COMMIT else self.lost

    def deploy(self) -> str:
        """Deploy; return the newest release there is."""
        with self._site() as site:
            deploy(site, self.archive, self, self._ask)  # type: ignore[arg-type]
        return max(self.hosts[0].releases)

    def roll_back(self, release: str = "") -> None:
        with self._site() as site:
            roll_back(site, release, self._ask)

    def restart(self) -> None:
        with self._site() as site:
            restart(site, self._ask)

    def steps(self, *names: str) -> list[tuple[str, str]]:
        """(host, step) of these steps, in their order."""
        return [(host, step) for host, step, *_ in self.calls if step in names]

    def assert_all_run(self, release: str) -> None:
        assert {host.current for host in self.hosts} == {release}
        assert {run for host in self.hosts for run in host.runs.values()} == {release}

    def assert_unlocked(self) -> None:
        assert [host.locked_by for host in self.hosts if host.locked_by] == []

    def assert_unlocked_where_open(self) -> None:
        """Where the connection broke, the lock falls on the host, when that has noticed."""
        assert [host.name for host in self.hosts if host.locked_by and not host.has_broken] == []

    def _ask(self, question: str) -> None:
        self.questions.append(question)
        if not self.says_yes:
            raise Declined("Nothing was changed.")

    def _site(self) -> "OpenSite":
        return OpenSite(self.hosts, Terminal(self._out))


class OpenSite:
    """A site between Interrupts, closed at the end, as deploy.session makes it."""

    def __init__(self, hosts: list[HostInMemory], terminal: Terminal) -> None:
        self._interrupts = Interrupts(lambda waits_for: terminal.warn("", f"Heard you: {waits_for}."))
        self._site = Site(hosts, terminal, self._interrupts, "a test")

    def __enter__(self) -> Site:
        self._interrupts.__enter__()
        return self._site

    def __exit__(self, *error: object) -> None:
        self._site.close()
        self._interrupts.__exit__(*error)


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Commit 222222222222, with the migration aaa2 after aaa1."""
    folder = tmp_path_factory.mktemp("archive")
    (folder / "versions").mkdir()
    (folder / "env.py").touch()
    (folder / "versions" / "one.py").write_text(f'"""The first table"""\n{MIGRATION.format("aaa1", None)}')
    (folder / "versions" / "two.py").write_text(f'"""The second table"""\n{MIGRATION.format("aaa2", repr("aaa1"))}')
    path = folder / "solo-1.1-222222222222.tar.gz"
    path.write_bytes(b"an archive")
    release = Release("1.1", COMMIT, "2026-01-03T00:00:00Z", "aaa2", "0" * 64, dirty=False)
    return Archive(path, release, "Say hello", "1" * 64, 10, Revisions(folder), b"flask")


def serving_stage(archive: Archive) -> Stage:
    """Hosts that run BEFORE, and have OLDER."""
    stage = Stage(archive)
    for host in stage.hosts:
        host.have(OLDER)
        host.have(BEFORE)
        host.serve(BEFORE)
    return stage


@pytest.fixture
def stage(archive: Archive) -> Stage:
    return serving_stage(archive)


@pytest.fixture
def empty_stage(archive: Archive) -> Stage:
    """Hosts that nothing was deployed to."""
    return Stage(archive)


@pytest.fixture(scope="session")
def sshd() -> Iterator[SshServer]:
    try:
        with SshServer() as server:
            yield server
    except SshdMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def config_text(sshd: SshServer) -> str:
    return sshd.client_config("web")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host whose root has to be quoted."""
    return Host("web", "web", root=str(tmp_path / "it's a $(root) here"))


@pytest.fixture
def connect(config_text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Opens a host, with this ssh config and no other, agent or home."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    opened = []

    def connect(host: Host, text: str = config_text, *, create: bool = True) -> HostConnection:
        (tmp_path / "ssh_config").write_text(text)
        config = Config(runtime_ssh_path=str(tmp_path / "ssh_config"))
        opened.append(HostConnection(host, config, PROGRAM))
        opened[-1].open(create=create)
        return opened[-1]

    yield connect
    for each in opened:
        each.close()
