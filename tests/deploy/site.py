"""A whole site on loopback: three hosts behind nginx, MariaDB and Redis, and a clone of the project to deploy from."""

import itertools
import os
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pymysql

from flask_api import create_app
from tests.conftest import make_settings, stop_app
from tests.deploy.command import Command, Run
from tests.deploy.host import Host
from tests.deploy.load import Load
from tests.deploy.project import Project
from tests.factories import Factory
from tests.services.assembly import Assembly
from tests.services.mariadb import MariaDB
from tests.services.nginx import Nginx
from tests.services.process import MANY, make_folder
from tests.services.redis_server import RedisServer

NAMES = ["left", "middle", "right"]  # of the hosts
DATABASE = "solo"
CATEGORIES = 10  # each write locks one: the count of its posts is kept there
FAB = Path(sys.executable).with_name("fab")


class Site(Assembly):
    """Everything is started on entering and ended on leaving, or when the test run dies; nothing is deployed yet."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = make_folder("site")
        self.mariadb, self.redis = MariaDB(), RedisServer(tcp=True)
        self.hosts = [Host(name, self.folder / name) for name in NAMES]
        many = 2000  # requests a second from one address: a few kept connections carry what thousands of people send
        self.nginx = Nginx([f"127.0.0.1:{host.port}" for host in self.hosts], rate=many)
        (self.folder / "project").mkdir()
        self.project = Project(self.folder / "project")
        self._numbers = itertools.count(1)  # of the releases: each serves its own
        self._numbers_of: dict[str, int] = {}

    def assemble(self) -> None:
        self.parts.callback(shutil.rmtree, self.folder, ignore_errors=True)
        for service in (self.mariadb, self.redis, *(host.sshd for host in self.hosts), self.nginx):
            self.parts.enter_context(service)
        settings = {
            "environment": "production",
            "secret_key": "a secret of these tests, in three folders",
            "allowed_hosts": "localhost",
            "trusted_proxies": "127.0.0.1",
            "sms_provider": "none",
            "limit_per_address": MANY,
            "limit_per_user": MANY,
            "signed_areas": "",
            "workers": "2",
            "redis_timeout": "2",  # a machine that runs all of this may be late for reasons of its own
            "database_connect_timeout": "2",
            "database_url": self.mariadb.create_database(DATABASE),
            "redis_url": self.redis.url(),
        }
        for host in self.hosts:
            host.make(settings)
        self.ssh_config = self.folder / "ssh_config"
        self.ssh_config.write_text("\n".join(host.sshd.client_config(host.name) for host in self.hosts))
        self.hosts_file = self.write_hosts_file("hosts.toml")

    def write_hosts_file(self, name: str, **addresses: str) -> Path:
        """Write what fab reads; a host may be given another address than its own."""
        file = self.folder / name
        text = f'python = "{Path(sys.executable).resolve()}"\n'
        for host in self.hosts:
            address = addresses.get(host.name, host.name)
            text += f'\n[[host]]\nname = "{host.name}"\naddress = "{address}"\nroot = "{host.root}"\n'
        file.write_text(text)
        return file

    def start_fab(self, task: str, *arguments: str, hosts_file: Path | None = None) -> Command:
        """Start the real fab in the clone, as an operator types it; nobody sits at a terminal."""
        file = hosts_file or self.hosts_file
        home = self.folder / "home"  # no keys and no settings of the developer's
        home.mkdir(exist_ok=True)
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        environment = {**kept, "HOME": str(home), "PYTHONUNBUFFERED": "1"}
        command = [str(FAB), f"--ssh-config={self.ssh_config}", task, f"--hosts-file={file}", *arguments]
        return Command(command, self.project.folder, environment)

    def fab(self, task: str, *arguments: str, hosts_file: Path | None = None) -> Run:
        """Run fab to its end."""
        return self.start_fab(task, *arguments, hosts_file=hosts_file).finish()

    def commit(self, **kind: bool) -> str:
        """Commit a good release, see Project.commit_release; return the commit as releases are named by it."""
        number = next(self._numbers)
        commit = self.project.commit_release(number, **kind)[:12]
        self._numbers_of[commit] = number
        return commit

    def deploy(self, **kind: bool) -> str:
        """Commit a good release and deploy it; return its name on the hosts.

        Raises:
            AssertionError: it is not what all hosts serve afterwards.
        """
        commit = self.commit(**kind)
        run = self.fab("deploy", "--yes")
        assert run.code == 0, run.output
        release = self.release_of(commit)
        self.assert_serves(release, run)
        ((revision,),) = self.query("SELECT version_num FROM alembic_version")
        assert revision == self.project.head_revision()
        return release

    def roll_back(self, *arguments: str, to: str) -> Run:
        """Roll back, to the release before or to one that is named.

        Raises:
            AssertionError: ``to`` is not what all hosts serve afterwards.
        """
        run = self.fab("rollback", *arguments, "--yes")
        assert run.code == 0, run.output
        self.assert_serves(to, run)
        return run

    def release(self) -> str:
        """The current release; the same on all hosts."""
        (found,) = {host.current for host in self.hosts}
        assert found
        return found

    def good_releases(self) -> set[str]:
        """The releases that are good on all hosts."""
        return set.intersection(
            *({name for name, state in host.states().items() if state == "good"} for host in self.hosts)
        )

    def release_of(self, commit: str) -> str:
        """The newest release of a commit; the same on all hosts."""
        (found,) = {max(name for name in host.states() if name.endswith(f"-{commit[:12]}")) for host in self.hosts}
        return found

    def assert_serves(self, release: str, run: Run) -> None:
        """All processes of all hosts are of this release, and say so to clients."""
        for host in self.hosts:
            assert host.current == release, (host.name, run.output)
            serving = host.serving()
            assert len(serving) >= 2, (host.name, serving, run.output)
            assert set(serving.values()) == {release}, (host.name, serving, run.output)
            assert host.message() == f"Release {self._number(release)}", (host.name, run.output)

    def _number(self, release: str) -> int:
        return self._numbers_of[release.partition("-")[2]]

    def load(self, *, direct: bool = True) -> Load:
        """A load for the site that is served now, by somebody who has logged in; not started yet.

        Args:
            direct: some of the requests go past nginx, to the hosts themselves.
        """
        settings = make_settings(self.folder, database_url=self.mariadb.url(DATABASE), redis_url=self.redis.url())
        app = create_app(settings.model_copy(update={"sms_code_interval": 0}))
        app.testing = True
        make = Factory(app)
        try:
            token = str(make.user().token)
            for number in range(len(self.query("SELECT id FROM blog_category")), CATEGORIES):
                make.category(f"Category {number}")
        finally:
            stop_app(app)
        return Load(
            f"127.0.0.1:{self.nginx.https_port}",
            certificate=self.nginx.certificate,
            direct=[f"127.0.0.1:{host.port}" for host in self.hosts if direct],
            categories=str(CATEGORIES),
            token=token,
        )

    def check(self, load: Load) -> None:
        """See that of a load that has ended no request failed, and that each write is in the database, once.

        Raises:
            AssertionError: names those that are not.
        """
        load.check()
        titles = self.query(f"SELECT title FROM blog_post WHERE title LIKE '{load.name} %'")
        stored = Counter(title for (title,) in titles)
        lost = [number for number in load.acknowledged if stored[f"{load.name} {number}"] != 1]
        assert load.acknowledged
        assert not lost, f"{len(lost)} of {len(load.acknowledged)} writes are not there once: {lost[:20]}"

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the database itself."""
        where = {"host": "127.0.0.1", "port": self.mariadb.port, "user": "root", "database": DATABASE}
        with pymysql.connect(**where, read_timeout=30) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())
