"""``manage.py`` as an operator meets it: a process of its own and an empty data directory."""

import os
import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from click.testing import CliRunner

from manage import main
from tests.cli.conftest import Manage
from tests.services import mariadb

PASSWORD = "correct horse"


@pytest.mark.parametrize(
    "command",
    [
        "",
        "db",
        "db upgrade",
        "demo",
        "create-admin",
        "erase-expired",
        "jobs",
        "jobs list",
        "jobs work",
        "appkey",
        "appkey rotate",
        "geo rebuild",
        "hot rebuild",
        "supervise",
        "routes",
        "shell",
    ],
)
def test_every_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(main, [*command.split(), "--help"])
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("Usage: ")
    assert result.stderr == ""


def test_the_list_of_commands_is_complete(manage: Manage) -> None:
    result = manage("--help")
    assert (result.returncode, result.stderr) == (0, "")
    listed = result.stdout.partition("Commands:")[2].splitlines()
    names = {line.split()[0] for line in listed if line.startswith("  ") and not line.startswith("   ")}
    names -= {plugin.name for plugin in entry_points(group="flask.commands")}  # make bench installs Flask-Limiter
    ours = {"appkey", "create-admin", "db", "demo", "erase-expired", "geo", "hot", "jobs", "routes", "shell"}
    assert names == {*ours, "supervise"}


def test_a_new_admin_is_created_and_an_existing_account_is_promoted(migrated_manage: Manage) -> None:
    made = migrated_manage("create-admin", "13800138000", "--nickname", "Ann", "--password", PASSWORD)
    assert (made.returncode, made.stdout) == (0, "User 1 was created as an admin.\n"), made.stderr
    again = migrated_manage("create-admin", "+86 138 0013 8000", "--password", PASSWORD)
    assert (again.returncode, again.stdout) == (0, "User 1 is an admin now; the password stays as it was.\n")


@pytest.mark.parametrize(
    ("phone", "password", "words"),
    [("13800138000", "short", "at least 8 characters"), ("12", PASSWORD, "is not a phone number")],
)
@pytest.mark.long
def test_a_bad_phone_or_password_is_refused_in_one_line(
    migrated_manage: Manage, phone: str, password: str, words: str
) -> None:
    result = migrated_manage("create-admin", phone, "--password", password)
    assert result.returncode == 1
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr


@pytest.mark.long
def test_erasing_with_nobody_to_erase_says_so(migrated_manage: Manage) -> None:
    result = migrated_manage("erase-expired")
    assert (result.returncode, result.stdout) == (0, "0 accounts erased.\n"), result.stderr


@pytest.mark.long
def test_routes_are_listed(manage: Manage) -> None:
    result = manage("routes")
    assert result.returncode == 0
    assert "/api/v1/blog/posts" in result.stdout


@pytest.mark.long
def test_migrations_create_the_database_and_match_the_tables(manage: Manage, tmp_path: Path) -> None:
    assert manage("db", "upgrade").returncode == 0
    assert (tmp_path / "var" / "solo.db").is_file()
    check = manage("db", "check")
    assert check.returncode == 0, check.stdout + check.stderr
    history = manage("db", "history")
    assert history.returncode == 0
    assert "<base>" in history.stdout


@pytest.mark.long
def test_demo_runs_from_the_command_line_and_shows_its_progress(migrated_manage: Manage, tmp_path: Path) -> None:
    result = migrated_manage("demo", "--users", "20")
    assert result.returncode == 0, result.stderr
    assert "Added 20 users, 40 posts" in result.stdout
    assert re.search(r"users 20, .*posts 40", result.stderr)  # what else is counted comes between
    assert len(list((tmp_path / "var" / "media" / "demo").glob("*.jpg"))) == 48


def test_demo_without_tables_is_one_line(manage: Manage) -> None:
    result = manage("demo")
    assert result.returncode == 1
    assert result.stderr == "Error: The tables are missing or out of date; run: python manage.py db upgrade\n"


@pytest.mark.parametrize("arguments", [("demo",), ("routes",), ("create-admin", "13800138000", "--password", PASSWORD)])
@pytest.mark.long
def test_a_bad_setting_is_one_line_that_names_it(manage: Manage, arguments: tuple[str, ...]) -> None:
    result = manage(*arguments, SOLO_PORT="many")
    assert result.returncode != 0
    assert result.stderr.startswith("Error: SOLO_PORT: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.mariadb
def test_demo_on_mariadb(manage: Manage) -> None:
    server = mariadb.running_url()
    if server is None:
        pytest.skip("no MariaDB runs; make test-all starts one")
    url = mariadb.create_database(server, f"solo_cli_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")
    assert manage("db", "upgrade", SOLO_DATABASE_URL=url).returncode == 0
    result = manage("demo", "--users", "50", SOLO_DATABASE_URL=url)
    assert result.returncode == 0, result.stderr
    assert "Added 50 users, 100 posts" in result.stdout
