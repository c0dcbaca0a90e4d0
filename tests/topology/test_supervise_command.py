"""``manage.py supervise`` before it becomes supervisord: what it refuses, and what it hands over."""

import os
import resource
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from click import ClickException
from click.testing import CliRunner

from flask_api.cli import supervising
from flask_api.cli.supervising import folder_as_called, free_address, refuse_if_started, supervise
from flask_api.settings import DEVELOPMENT_SECRET
from tests.services.process import free_port, make_folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A host's folder with one release, which is current."""
    (tmp_path / "releases" / "one").mkdir(parents=True)
    (tmp_path / "current").symlink_to("releases/one")
    return tmp_path


class Handed(Exception):
    """Stands for becoming supervisord."""


@pytest.fixture
def handed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """What supervisord would have been given; ``supervise`` runs as if called in tmp_path, by its settings."""
    handed: dict[str, Any] = {}

    def execve(program: str, command: list[str], environment: dict[str, str]) -> None:
        handed.update(program=program, command=command, environment=environment)
        raise Handed

    monkeypatch.setattr(supervising.os, "execve", execve)
    monkeypatch.setattr(supervising.os, "chdir", lambda path: handed.update(folder=path))
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "manage.py")])
    monkeypatch.setenv("SOLO_PORT", str(free_port()))
    return handed


@pytest.mark.parametrize("script", ["current/manage.py", "./current/manage.py"])
def test_the_folder_is_the_link_that_was_typed_and_not_where_it_leads(
    root: Path, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    monkeypatch.delenv("PWD", raising=False)
    assert folder_as_called(script) == root / "current"
    assert folder_as_called(str(root / "current" / "manage.py")) == root / "current"


def test_the_link_that_the_shell_went_through_counts_too(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root / "current")
    monkeypatch.setenv("PWD", str(root / "current"))
    assert folder_as_called("manage.py") == root / "current"


@pytest.mark.parametrize("left_behind", [None, "/", "relative", "/nowhere"])
def test_a_release_by_its_own_path_is_refused_with_the_way_to_go(
    root: Path, left_behind: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root / "releases" / "one")
    if left_behind is None:
        monkeypatch.delenv("PWD", raising=False)
    else:
        monkeypatch.setenv("PWD", left_behind)
    with pytest.raises(ClickException, match=f"run {root / 'current' / 'manage.py'} supervise"):
        folder_as_called("manage.py")


def test_a_checkout_is_a_place_to_start_from(tmp_path: Path) -> None:
    assert folder_as_called(str(tmp_path / "manage.py")) == tmp_path


def test_a_supervisord_that_answers_is_not_started_again_and_a_dead_ones_socket_is_no_obstacle() -> None:
    path = make_folder("supervise") / "supervisord.sock"
    refuse_if_started(path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        refuse_if_started(path)
        listener.listen()
        with pytest.raises(ClickException, match="it runs already"):
            refuse_if_started(path)
    refuse_if_started(path)


def test_a_folder_too_deep_for_a_socket_is_said_to_be_that(tmp_path: Path) -> None:
    with pytest.raises(ClickException, match="too long for the path of a socket"):
        refuse_if_started(tmp_path / ("x" * 100) / "supervisord.sock")


def test_an_address_that_supervisord_cannot_listen_on_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ClickException, match=f"cannot listen on 127.0.0.1:{port}: address already in use"):
            free_address("127.0.0.1", port)
    with pytest.raises(ClickException, match="0 is none"):
        free_address("127.0.0.1", 0)
    with pytest.raises(ClickException, match="IPv4 only"):
        free_address("::1", free_port())


def test_a_bad_setting_is_refused_in_one_line(handed_over: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLO_TLS_KEY", "/nowhere")
    refused = CliRunner().invoke(supervise)
    assert (refused.exit_code, refused.output.count("\n")) == (1, 1)
    assert "SOLO_TLS_CERTIFICATE is missing" in refused.output
    assert not handed_over


def test_supervisord_is_given_the_address_and_at_least_two_processes_and_none_of_the_file(
    handed_over: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SOLO_WORKERS", "1")
    monkeypatch.setenv("SOLO_DRAIN_TIMEOUT", "45.5")
    for name in ("NOTIFY_SOCKET", "LISTEN_FDS", "FLASK_RUN_FROM_CLI"):
        monkeypatch.setenv(name, "1")
    before = dict(os.environ)
    assert isinstance(CliRunner().invoke(supervise, ["--foreground"]).exception, Handed)
    added = dict(set(handed_over["environment"].items()) - set(before.items()))
    assert added == {
        "SUPERVISED_ADDRESS": f"127.0.0.1:{before['SOLO_PORT']}",
        "SUPERVISED_PROCESSES": "2",
        "SUPERVISED_STOP_SECONDS": "56",
    }
    assert not {"NOTIFY_SOCKET", "LISTEN_FDS", "FLASK_RUN_FROM_CLI", "PWD"} & set(handed_over["environment"])
    assert DEVELOPMENT_SECRET not in handed_over["environment"].values()
    assert handed_over["command"][2:] == ["--configuration", str(tmp_path / "supervisord.ini"), "--nodaemon"]
    assert Path(handed_over["program"]).parent == Path(sys.prefix).resolve() / "bin"
    assert handed_over["folder"] == "/"
    assert {folder.name for folder in (tmp_path / "var").iterdir()} == {"run", "logs"}


def test_no_command_puts_the_file_of_settings_into_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flask would: what is in the environment beats the file for as long as the process, and its children, live."""
    import manage

    (tmp_path / ".env").write_text("SOLO_PORT=1\nFROM_THE_FILE=1\n")
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(manage.main, ["supervise", "--help"]).exit_code == 0
    assert "FROM_THE_FILE" not in os.environ
