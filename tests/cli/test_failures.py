"""What a command needs and cannot have ends it with one line that names the setting, and shows no password."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from flask_api.cli.failures import without_password
from manage import main
from tests.cli.conftest import Manage
from tests.services import mariadb
from tests.services.process import free_port

PASSWORD = "correct-horse"
ADMIN = ("create-admin", "13800138000", "--password", PASSWORD)
ASK_DATABASE = [
    ("db", "upgrade"),
    ("db", "downgrade"),
    ("db", "current"),
    ("db", "check"),
    ("db", "migrate"),
    ("demo", "--users", "1"),
    ADMIN,
    ("erase-expired",),
    ("jobs", "list"),
    ("jobs", "show", "1"),
    ("jobs", "requeue", "--all"),
    ("jobs", "drop", "1"),
    ("jobs", "work"),
    ("geo", "rebuild"),
    ("hot", "rebuild"),
    ("appkey", "create", "Android"),
    ("appkey", "list"),
    ("appkey", "rotate", "1"),
    ("appkey", "disable", "1"),
]
ASK_NOTHING = {"routes", "shell", "supervise"}
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs manage.py in this process, on settings given by keyword."""
    names: dict[str, str | None] = {name: None for name in os.environ if name.startswith("SOLO_")}

    def invoke(*arguments: str, **settings: str) -> Result:
        environment = {**names, "SOLO_DATA_DIR": str(tmp_path / "var"), **settings}
        return CliRunner().invoke(main, arguments, env=environment)

    return invoke


@pytest.fixture
def handlers_as_before() -> Iterator[None]:
    """``jobs work`` takes signals over."""
    import signal

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def line_of(result: Result) -> str:
    assert result.exit_code == 1, result.output
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert PASSWORD not in result.output
    return result.stderr


def test_every_command_is_among_those_tried_here() -> None:
    plugins = {plugin.name for plugin in entry_points(group="flask.commands")} - {"db"}  # of packages that are there
    assert {command[0] for command in ASK_DATABASE} | ASK_NOTHING == main.commands.keys() - plugins
    for name in ("jobs", "appkey", "geo", "hot"):
        group = main.commands[name]
        assert isinstance(group, click.Group)
        assert {command[1] for command in ASK_DATABASE if command[0] == name} == group.commands.keys()


@pytest.mark.parametrize("command", ASK_DATABASE, ids=" ".join)
@pytest.mark.usefixtures("handlers_as_before")
def test_unreachable_database_is_one_line_that_names_its_setting(run: Run, command: tuple[str, ...]) -> None:
    port = free_port()
    line = line_of(run(*command, SOLO_DATABASE_URL=f"mysql+pymysql://solo:{PASSWORD}@127.0.0.1:{port}/solo"))
    assert "Connection refused" in line
    assert f"SOLO_DATABASE_URL: mysql+pymysql://solo:***@127.0.0.1:{port}/solo\n" in line


@pytest.mark.parametrize("command", ASK_DATABASE, ids=" ".join)
@pytest.mark.usefixtures("handlers_as_before")
def test_sqlite_file_that_cannot_be_opened_is_one_line_that_names_it(
    run: Run, command: tuple[str, ...], tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/none/solo.db"
    assert line_of(run(*command, SOLO_DATABASE_URL=url)).endswith(
        f"unable to open database file. Look at SOLO_DATABASE_URL: {url}\n"
    )


def test_default_database_that_is_none_names_the_data_directory(run: Run, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "solo.db").write_text("a letter to Lin" * 100)
    line = line_of(run("db", "upgrade"))
    assert "not a database" in line
    assert line.endswith(f"Look at SOLO_DATA_DIR: {tmp_path / 'var'}\n")


NEED_TABLES = [ADMIN, ("erase-expired",), ("jobs", "list"), ("geo", "rebuild"), ("hot", "rebuild"), ("appkey", "list")]


@pytest.mark.parametrize("command", NEED_TABLES, ids=" ".join)
def test_missing_tables_are_one_line_that_says_what_makes_them(run: Run, command: tuple[str, ...]) -> None:
    assert line_of(run(*command)) == (
        "Error: The tables are missing or out of date; run: python manage.py db upgrade\n"
    )


def test_redis_away_is_one_line_that_names_its_setting(run: Run, migrated: str, tmp_path: Path) -> None:
    if not migrated.startswith("sqlite"):
        pytest.skip("it is Redis that is away")
    (tmp_path / "var").mkdir()
    for file in Path(migrated.removeprefix("sqlite:///")).parent.glob("solo.db*"):
        shutil.copy(file, tmp_path / "var" / file.name)
    assert run(*ADMIN).exit_code == 0
    with sqlite3.connect(tmp_path / "var" / "solo.db") as database:
        database.execute("UPDATE user_auth SET role = 'user', delete_after = '2026-01-01 00:00:00.000000'")
    place = f"@127.0.0.1:{free_port()}/0"
    for command in (ADMIN, ("erase-expired",), ("appkey", "create", "Android"), ("geo", "rebuild"), ("hot", "rebuild")):
        line = line_of(run(*command, SOLO_REDIS_URL=f"redis://solo:{PASSWORD}{place}?health_check_interval=2"))
        assert "Redis cannot be used: " in line
        assert line.endswith(f"Look at SOLO_REDIS_URL: redis://solo:***{place}\n")


def test_a_fault_of_ours_keeps_its_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flask_api.cli.jobs.rows", lambda _: 1 // 0)
    assert isinstance(run("jobs", "list").exception, ZeroDivisionError)


def test_help_does_not_stumble_over_a_bad_setting(run: Run) -> None:
    result = run("--help", SOLO_PORT="many")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "create-admin" in result.stdout


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "mysql+pymysql://solo:a@b/c?d@db.example:3306/solo?charset=utf8mb4",
            "mysql+pymysql://solo:***@db.example:3306/solo",
        ),
        ("mysql+pymysql://solo@db.example/solo", "mysql+pymysql://solo@db.example/solo"),
        ("redis://:secret@cache/0", "redis://:***@cache/0"),
        ("unix://:secret@/run/redis.sock?db=1", "unix://:***@/run/redis.sock"),
        ("sqlite:////var/lib/solo/solo.db", "sqlite:////var/lib/solo/solo.db"),
    ],
)
def test_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert without_password(url) == shown


@pytest.mark.mariadb
def test_what_mariadb_refuses_is_one_line_of_a_command(manage: Manage) -> None:
    server = mariadb.running_url()
    if server is None:
        pytest.skip("no MariaDB runs; make test-all starts one")
    wrong_password = server.replace("root@", f"root:{PASSWORD}@")
    for url, words in (
        (mariadb.url_for(wrong_password, "solo"), "Access denied for user 'root'@"),
        (mariadb.url_for(server, "no_such_database"), "Unknown database 'no_such_database'"),
    ):
        for command in (("db", "upgrade"), ("jobs", "list")):
            result = manage(*command, SOLO_DATABASE_URL=url)
            assert (result.returncode, result.stdout) == (1, "")
            assert words in result.stderr
            assert "Look at SOLO_DATABASE_URL: mysql+pymysql://root" in result.stderr
            assert result.stderr.count("\n") == 1
            assert PASSWORD not in result.stderr
