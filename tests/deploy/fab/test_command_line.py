"""fab itself, as an operator types it: help, the choice of hosts, and mistakes told without a traceback."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fabric.main import make_program

from tests.services.process import free_port
from tests.services.sshd import SshServer

ROOT = Path(__file__).resolve().parents[3]
FAB = Path(sys.executable).with_name("fab")
Fab = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def fab_process(tmp_path: Path) -> Fab:
    """Runs fab on the project's fabfile, with a home of its own and nobody at the terminal."""

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        environment = {**os.environ, "HOME": str(tmp_path)}
        command = [str(FAB), f"--search-root={ROOT}", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
        )

    return run


@pytest.fixture
def fab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Fab]:
    """The same without the start of a process, which takes a second; a traceback would come up here as it is."""

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        code: int | str | None = 0
        monkeypatch.setattr(sys, "argv", ["fab", f"--search-root={ROOT}", *arguments])
        try:
            make_program().run()
        except SystemExit as end:
            code = end.code
        assert isinstance(code, int)
        return subprocess.CompletedProcess(arguments, code, *capsys.readouterr())

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with open(os.devnull) as nobody:
        monkeypatch.setattr(sys, "stdin", nobody)
        yield run


@pytest.fixture
def ports() -> list[int]:
    """Two ports where nobody listens."""
    return [free_port(), free_port()]


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What fab says to those words, without the start of a process."""

    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit) as end:
            make_program().run(["fab", f"--search-root={ROOT}", *arguments])
        assert end.value.code == 0
        return capsys.readouterr().out

    return run


def test_list_has_all_tasks(shown: Callable[..., str]) -> None:
    lines = shown("--list").splitlines()
    names = [line.split()[0] for line in lines if line.startswith("  ") and line[2] != " "]
    assert names == ["build", "deploy", "logs", "releases", "restart", "rollback", "status"]


@pytest.mark.parametrize(
    ("task", "options"),
    [
        ("build", ["--dirty"]),
        ("deploy", ["--dirty", "--hosts=STRING", "--hosts-file=STRING", "--yes"]),
        ("rollback", ["--hosts=STRING", "--hosts-file=STRING", "--release=STRING", "--yes"]),
        ("logs", ["--file=STRING", "--follow", "--hosts=STRING", "--hosts-file=STRING", "--lines=INT"]),
    ],
)
def test_help_explains_every_option(shown: Callable[..., str], task: str, options: list[str]) -> None:
    text = shown(task, "--help").partition("Options:")[2]
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line.startswith("  --")]
    assert [line[0] for line in lines] == options
    assert all(len(line) == 2 for line in lines), "an option is not explained"


def test_mistake_is_told_by_the_process_itself(fab_process: Fab) -> None:
    done = fab_process("status", "--hosts-file=nowhere.toml")
    assert (done.returncode, done.stderr.strip()) == (1, "There is no file nowhere.toml.")


@pytest.mark.parametrize("place", ["before", "after", "long"])
def test_h_runs_the_task_once_over_all_hosts(fab: Fab, sshd: SshServer, tmp_path: Path, place: str) -> None:
    (tmp_path / "ssh_config").write_text("\n".join(sshd.client_config(name) for name in ("web-1", "web-2")))
    (tmp_path / "hosts.toml").write_text(f"root = '{tmp_path / 'solo'}'\n")
    after = ["releases", "-H", "web-1,web-2"]
    words = {"before": ["-H", "web-1,web-2", "releases"], "after": after, "long": ["releases", "--hosts=web-1,web-2"]}
    done = fab(f"--ssh-config={tmp_path / 'ssh_config'}", *words[place], "--hosts-file=hosts.toml")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "  No releases yet.\n"


def test_all_hosts_that_do_not_answer_are_told(fab: Fab, ports: list[int]) -> None:
    done = fab("status", "-H", f"localhost:{ports[0]},127.0.0.1:{ports[1]}")
    assert done.returncode == 1
    assert done.stdout.count("nobody listens at") == 2
    assert done.stderr.strip() == "2 of 2 hosts did not answer."


def test_hosts_that_are_named_twice_are_refused(fab: Fab) -> None:
    done = fab("-H", "a", "status", "--hosts=b")
    assert (done.returncode, done.stderr) == (1, "Name the hosts once: either -H or --hosts.\n")


@pytest.mark.parametrize("option", [[], ["--release"]])
def test_release_of_a_rollback_is_named_by_place_or_by_option(fab: Fab, ports: list[int], option: list[str]) -> None:
    done = fab("rollback", *option, "20260101T000000Z-000000000000", "-H", f"localhost:{ports[0]}")
    assert done.returncode == 1
    assert "Nothing was changed." in done.stderr
    assert "nobody listens at" in done.stderr


def test_task_without_hosts_says_what_to_write_where(fab: Fab) -> None:
    done = fab("status")
    assert done.returncode == 1
    assert "No host to go to. Write into " in done.stderr
    assert "deploy/hosts.toml" in done.stderr


@pytest.mark.parametrize("task", ["deploy", "logs"])
def test_mistake_in_the_hosts_file_is_a_line_and_exit_code_1(fab: Fab, tmp_path: Path, task: str) -> None:
    file = tmp_path / "hosts.toml"
    file.write_text("[[host]]\nadress = 'a'\n")
    done = fab(task, f"--hosts-file={file}")
    assert done.returncode == 1
    assert "there is no setting 'adress'" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_logs_of_an_unreachable_host_are_a_line_and_exit_code_1(fab: Fab, ports: list[int]) -> None:
    done = fab("logs", "-H", f"localhost:{ports[0]}")
    assert done.returncode == 1
    assert done.stderr.strip() == f"localhost: nobody listens at localhost port {ports[0]}"
