"""A private MariaDB for the tests, shared by all of a run's workers.

    python -m tests.services.mariadb -- pytest -n 4

starts one, runs the command with SOLO_TEST_MARIADB_URL set to its address (no database in it: see `url_for`), stops it
and returns the command's exit code.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pymysql

from tests.services.process import Service, die_with_parent, free_port, hear

VARIABLE = "SOLO_TEST_MARIADB_URL"


class MariaDBMissing(Exception):
    """The server's programs are not installed."""

    def __init__(self) -> None:
        super().__init__("MariaDB is missing: apt-get install mariadb-server")


def running_url() -> str | None:
    """The address of the server that this test run shares, without a database; None where there is none."""
    return os.environ.get(VARIABLE)


def url_for(base: str, database: str) -> str:
    """SQLAlchemy's URL of one database on a server."""
    return f"{base.rstrip('/')}/{database}?charset=utf8mb4"


def create_database(base: str, name: str) -> str:
    """Make an empty database, in place of one of that name; return its URL."""
    _execute(base, f"DROP DATABASE IF EXISTS `{name}`", f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
    return url_for(base, name)


def drop_database(base: str, name: str) -> None:
    _execute(base, f"DROP DATABASE IF EXISTS `{name}`")


def _execute(base: str, *statements: str) -> None:
    host, _, port = base.rstrip("/").rpartition("@")[2].partition(":")
    with pymysql.connect(host=host, port=int(port), user="root", read_timeout=30) as connection:
        for statement in statements:
            connection.cursor().execute(statement)


def _program(name: str) -> str:
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/usr/local/bin")
    if path is None:
        raise MariaDBMissing
    return path


class MariaDB(Service):
    """A MariaDB on a port of 127.0.0.1; user root, no password; faster than it is safe from power cuts."""

    name = "mariadb"

    def __init__(self) -> None:
        super().__init__()
        self.port = free_port()

    @property
    def base(self) -> str:
        """Its address without a database; the same over kill(), stop() and start()."""
        return f"mysql+pymysql://root@127.0.0.1:{self.port}/"

    def url(self, database: str) -> str:
        return url_for(self.base, database)

    def create_database(self, name: str) -> str:
        """Make an empty database, in place of one of that name; return its URL."""
        return create_database(self.base, name)

    def prepare(self) -> None:
        """Make the system tables, 0.8 s; not again after kill().

        Raises:
            MariaDBMissing: the programs are not installed.
        """
        install, _ = _program("mariadb-install-db"), _program("mariadbd")
        if (self.folder / "data").exists():
            return
        options = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]
        with (self.folder / "log").open("ab") as log:
            command = [install, "--no-defaults", *self._storage(), *options]
            if subprocess.run(command, stdout=log, stderr=log, preexec_fn=die_with_parent(), check=False).returncode:
                raise RuntimeError(f"mariadb-install-db failed:\n{self._last_lines()}")

    def command(self) -> list[str]:
        network = [f"--port={self.port}", "--bind-address=127.0.0.1", f"--socket={self._socket}", "--skip-name-resolve"]
        limits = ["--max-connections=500", "--innodb-lock-wait-timeout=5", "--innodb-buffer-pool-size=64M"]
        charset = ["--character-set-server=utf8mb4"]
        pid_file = f"--pid-file={self.folder / 'pid'}"
        return [_program("mariadbd"), "--no-defaults", *self._storage(), *network, *limits, *charset, pid_file]

    def answers(self) -> bool:
        # It greets. Through the socket: on the port somebody else's server might answer.
        return bool(hear(self._socket))

    @property
    def _socket(self) -> Path:
        return self.folder / "sock"

    def _storage(self) -> list[str]:
        # A commit reaches the operating system (2), so kill() loses none; it is not forced to the disk, so it is fast.
        speed = ["--innodb-flush-log-at-trx-commit=2", "--innodb-flush-method=nosync", "--innodb-doublewrite=0"]
        sizes = ["--innodb-log-file-size=16M", "--skip-log-bin"]
        user = ["--user=root"] if os.geteuid() == 0 else []
        places = [f"--datadir={self.folder / 'data'}", f"--tmpdir={self.folder}"]
        return [*places, *speed, *sizes, *user]


def run_with_mariadb(command: list[str]) -> int:
    """Run a command beside a fresh MariaDB; return its exit code, 128 + n when signal n ended it.

    Raises:
        MariaDBMissing: the programs are not installed.
    """
    began = time.monotonic()
    print("MariaDB starts …", end=" ", file=sys.stderr, flush=True)
    with MariaDB() as server:
        print(f"{time.monotonic() - began:.1f} s on port {server.port}", file=sys.stderr, flush=True)
        environment = {**os.environ, VARIABLE: server.base}
        with subprocess.Popen(command, env=environment, preexec_fn=die_with_parent()) as process:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends Ctrl-C to the command as well
            signal.signal(signal.SIGTERM, lambda *_: process.terminate())
            code = process.wait()
    return 128 - code if code < 0 else code


def main() -> int:
    """The command line: see the module's text."""
    summary = f"Run a command beside a fresh, private MariaDB whose address is in {VARIABLE}; exit with its code."
    parser = argparse.ArgumentParser(prog="python -m tests.services.mariadb", description=summary)
    parser.add_argument("command", nargs="+", metavar="COMMAND", help="after --, for example: -- pytest -n 4")
    command = parser.parse_args().command
    try:
        return run_with_mariadb(command)
    except MariaDBMissing as missing:
        print(f"\n{missing}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # while MariaDB starts
        return 130
    except FileNotFoundError:
        print(f"there is no command {Path(command[0]).name}", file=sys.stderr)
        return 127


if __name__ == "__main__":
    sys.exit(main())
