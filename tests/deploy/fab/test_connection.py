"""A host behind a real sshd: the program that is put there, its lock and its answers."""

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from deploy import connection as connections
from deploy.errors import DeployError, HostError, Unreachable
from deploy.following import show_logs
from deploy.hosts import Host
from deploy.reports import read_status
from deploy.terminal import Terminal
from tests.deploy.fab.conftest import PROGRAM, Connect
from tests.deploy.load import wait_until


def test_host_gets_its_folders_and_the_program_once(connect: Connect, host: Host) -> None:
    first = connect(host)
    program = Path(host.root, "tools", PROGRAM.name)
    assert program.read_bytes() == PROGRAM.content
    before = program.stat()
    assert connect(host).is_set_up
    assert program.stat() == before
    assert sorted(os.listdir(program.parent)) == [PROGRAM.name]
    status = read_status(first.run("status"))
    assert (status.current, status.releases, status.processes, status.lock_owner) == (None, (), (), "")


def test_program_that_was_damaged_is_put_there_again(connect: Connect, host: Host) -> None:
    connect(host)
    program = Path(host.root, "tools", PROGRAM.name)
    program.write_bytes(b"half of it")
    connect(host)
    assert program.read_bytes() == PROGRAM.content


def test_looking_at_a_host_makes_nothing_there(connect: Connect, host: Host) -> None:
    assert connect(host, create=False).is_set_up is False
    assert not Path(host.root).exists()


def test_upload_arrives_whole_and_under_its_name(connect: Connect, host: Host, tmp_path: Path) -> None:
    archive = tmp_path / "an archive.tar.gz"
    archive.write_bytes(os.urandom(300_000))
    said: list[str] = []
    path = connect(host).upload(archive, said.append)
    assert Path(path).read_bytes() == archive.read_bytes()
    assert os.listdir(Path(host.root, "incoming")) == [archive.name]
    assert said[0].startswith("300 kB uploaded in ")


def test_failure_of_a_step_is_told_in_its_words(connect: Connect, host: Host) -> None:
    with pytest.raises(HostError, match=r"^web: release 20260101T000000Z-0000 is not on this host$"):
        connect(host).run("activate", "20260101T000000Z-0000")


def test_program_that_crashes_is_told_with_its_last_words(connect: Connect, host: Host) -> None:
    connection = connect(host)
    Path(host.root, "tools", PROGRAM.name).write_text("raise RuntimeError('gone wrong')")
    with pytest.raises(HostError, match="status ended with exit code 1: RuntimeError: gone wrong") as told:
        connection.run("status")
    assert "Traceback" in told.value.log


def test_what_login_scripts_say_does_not_matter(connect: Connect, host: Host, tmp_path: Path) -> None:
    chatty = tmp_path / "chatty"
    chatty.write_text('#!/bin/sh\necho "Welcome!"\necho "[1, 2]"\nexec python3 "$@"\n')
    chatty.chmod(0o755)
    assert connect(replace(host, python=str(chatty))).run("status")["current"] is None


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (None, "there is no .*/python: install Python 3.11 or newer, or set python"),
        ("echo '{\"python\": [3, 9]}'", "is Python 3.9, and 3.11 is needed"),
        ("echo 'no module named hashlib' >&2; exit 1", "does not run there: no module named hashlib"),
    ],
)
def test_python_that_is_missing_old_or_broken_is_told(
    connect: Connect, host: Host, tmp_path: Path, script: str | None, told: str
) -> None:
    python = tmp_path / "python"
    if script:
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
    with pytest.raises(HostError, match=told):
        connect(replace(host, python=str(python)))


def test_root_that_cannot_be_made_is_told_with_what_to_do(connect: Connect, host: Host, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HostError, match="make the root there once: sudo install -d -o "):
        connect(replace(host, root=str(tmp_path / "file" / "solo")))


@pytest.mark.long
def test_lock_is_held_until_it_is_given_back(connect: Connect, host: Host) -> None:
    first, second = connect(host), connect(host)
    first.lock("ann")
    assert first.holds_lock
    assert read_status(second.run("status")).lock_owner == "ann"
    with pytest.raises(HostError, match="locked by ann since 20"):
        second.lock("bob")
    assert not second.holds_lock
    first.unlock()
    assert not first.holds_lock
    second.lock("bob")


@pytest.mark.long
def test_lock_falls_with_the_connection(connect: Connect, host: Host) -> None:
    first, second = connect(host), connect(host)
    first.lock("ann")
    first.close()
    second.lock("bob")


def test_lock_is_kept_alive_by_a_sign_now_and_then(
    connect: Connect, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEARTBEAT", 0.05)
    connection = connect(host)
    connection._program_path = str(_listener(Path(host.root)))
    connection.lock("ann")
    heard = Path(host.root, "heard")
    wait_until(lambda: heard.exists() and heard.stat().st_size >= 3, "three signs of life", 20)


def _listener(folder: Path) -> Path:
    """A program that writes down each byte that it hears."""
    program = folder / "listener.py"
    program.write_text(
        "import os, sys\n"
        'print(\'{"event": "held"}\', flush=True)\n'
        f'with open({str(folder / "heard")!r}, "wb", buffering=0) as file:\n'
        "    while heard := os.read(0, 1):\n"
        "        file.write(heard)\n"
    )
    return program


def test_lock_that_is_lost_on_the_host_is_noticed(connect: Connect, host: Host) -> None:
    connection = connect(host)
    program = Path(host.root, "ends.py")
    program.write_text('print(\'{"event": "held"}\', flush=True)\ninput()\n')  # ends with the first sign of life
    connection._program_path = str(program)
    connection.lock("ann")
    connection._lock.send(b"\n")
    wait_until(lambda: not connection.holds_lock, "the lock is lost", 20)


def test_closing_the_connection_ends_what_another_thread_waits_for(connect: Connect, host: Host) -> None:
    connection = connect(host)
    program = Path(host.root, "sleeps.py")
    program.write_text('import time\nprint(\'{"event": "step", "text": "asleep"}\', flush=True)\ntime.sleep(30)\n')
    connection._program_path = str(program)
    asleep, failures = threading.Event(), []

    def wait_for_it() -> None:
        try:
            connection.run("status", say=lambda _: asleep.set())
        except Unreachable as error:
            failures.append(str(error))

    thread = threading.Thread(target=wait_for_it)
    thread.start()
    assert asleep.wait(20)
    connection.close()
    thread.join(10)
    assert failures == ["web: the connection broke during status"]


@pytest.mark.long
def test_logs_of_all_hosts_come_host_by_host(
    connect: Connect, host: Host, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hosts = [connect(replace(host, name=name, root=str(tmp_path / name))) for name in ("web-1", "web-10")]
    for each in hosts:
        logs = Path(each.host.root, "shared", "var", "logs")
        logs.mkdir(parents=True)
        (logs / "solo.log").write_text("one\ntwo\nthree\n")
    show_logs(hosts, Terminal(), file="solo.log", lines=2, follow=False)
    assert capsys.readouterr().out.splitlines() == [
        "web-1  │ two",
        "web-1  │ three",
        "web-10 │ two",
        "web-10 │ three",
    ]


def test_logs_that_are_not_there_are_told_for_each_host(connect: Connect, host: Host) -> None:
    with pytest.raises(DeployError, match="web: there is no log"):
        show_logs([connect(host)], Terminal(), file="nope.log", lines=1, follow=False)
