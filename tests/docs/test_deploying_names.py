"""What docs/deploying.md names exists: tasks, commands, options, settings, files, messages, numbers."""

import re
from pathlib import Path

import click
import invoke
import pytest

import fabfile
from deploy.host.locks import SILENCE
from deploy.host.pruning import KEPT_FAILED
from deploy.hosts import OF_ONE, SETTINGS, Host
from flask_api.settings import Settings
from manage import main
from tests.docs.placed_blocks import placed_blocks

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "deploying.md").read_text()
FAB = re.compile(r"\bfab ([a-z]+)((?: --?[a-zA-Z-]+(?: [\w.]+)?)*)")
TROUBLES = PAGE.partition("| you read |")[2].partition("\n\n")[0]


def task(name: str) -> invoke.Task:
    found = getattr(fabfile, name)
    assert isinstance(found, invoke.Task)
    return found


def test_every_fab_task_and_option_exists() -> None:
    named = FAB.findall(PAGE)
    assert {name for name, _ in named} >= {"deploy", "rollback", "releases", "status", "logs"}
    for name, options in named:
        known = {flag for argument in task(name).get_arguments() for flag in argument.names}
        known = {f"--{flag.replace('_', '-')}" for flag in known}
        assert set(re.findall(r"--[a-z-]+", options)) <= known, name


def test_options_of_all_tasks_are_options_of_all_tasks() -> None:
    assert "`--hosts web1` or `-H web1`" in PAGE
    for name in ("deploy", "rollback", "releases", "status", "logs"):
        assert "hosts" in {argument.name for argument in task(name).get_arguments()}, name


def test_every_command_of_manage_exists() -> None:
    named = set(re.findall(r"manage\.py ([a-z-]+)", PAGE))
    assert named >= {"create-admin", "supervise"}
    assert named <= set(main.list_commands(click.Context(main)))


def test_every_make_goal_exists() -> None:
    goals = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z-]+)`", PAGE)) <= goals


def test_every_setting_exists() -> None:
    named = set(re.findall(r"SOLO_([A-Z_]+)", PAGE))
    assert named
    assert {name.lower() for name in named} <= set(Settings.model_fields)
    assert "`ready_timeout` in `deploy/hosts.toml`" in PAGE
    assert {"name", "address", "ready_timeout"} <= {*SETTINGS, *OF_ONE}


def test_every_file_of_the_project_exists() -> None:
    named = set(re.findall(r"(?<![\w/.<])((?:deploy|tests|flask_api)/[\w./]+\w)", PAGE)) - {"deploy/.env"}
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_numbers_are_those_of_the_code() -> None:
    assert f"the last {Host('', '').keep} good and {KEPT_FAILED} failed releases" in PAGE
    assert PAGE.count(f"{SILENCE:g} s") >= 2
    assert f"was not ready within {Host('', '').ready_timeout} s" in PAGE


def sources() -> str:
    files = [ROOT / "deploy" / "nginx.conf", *(ROOT / "deploy").rglob("*.py"), *(ROOT / "flask_api").rglob("*.py")]
    return "\n".join(file.read_text() for file in files)


@pytest.mark.parametrize("line", re.findall(r"^\| (?!---)(.*?) \|", TROUBLES, re.MULTILINE))
def test_every_message_is_one_that_the_code_has(line: str) -> None:
    quoted = re.findall(r"`(.+?)`", line)
    assert quoted
    text = sources()
    for part in re.split(r"…|\d+ s", " ".join(quoted)):
        assert part.strip() in text


def test_every_block_that_runs_says_where() -> None:
    bare = re.findall(r"^```bash\n(?!# )(.*?)\n", PAGE, re.MULTILINE)
    assert all(line.startswith(("docker compose", ".venv/bin/pip", ".venv/bin/gunicorn")) for line in bare), bare
    assert len(placed_blocks(PAGE)) + len(bare) == PAGE.count("```bash\n")
