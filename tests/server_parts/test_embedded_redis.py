"""The embedded Redis with real servers and real users: one process each, killed the hard way where it says so."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from flask_api.server import embedded_redis as module
from flask_api.server.embedded_redis import EmbeddedRedisError, embedded_redis

ROOT = Path(__file__).resolve().parents[2]
USER = """
import os, sys
from pathlib import Path
from flask_api.server.embedded_redis import embedded_redis
with embedded_redis(Path(sys.argv[1])) as url:
    if "fork" in sys.argv:
        child = os.fork()
        if not child:
            sys.exit()
        os.waitpid(child, 0)
    print(url, flush=True)
    sys.stdin.read()
"""
StartUser = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "var"
    yield folder
    if (folder / "redis").exists() and module._is_alive(folder / "redis"):  # what a failed test left
        os.kill(int(module._read(folder / "redis" / "server.pid")), signal.SIGKILL)


@pytest.fixture
def start_user(data_dir: Path) -> Iterator[StartUser]:
    """Start a process that uses the data directory until its standard input closes; its own group, as in a shell."""
    users = []

    def start(*arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", USER, str(data_dir), *arguments]
        pipe = subprocess.PIPE
        user = subprocess.Popen(
            command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, start_new_session=True
        )
        users.append(user)
        return user

    yield start
    for user in users:
        user.kill()
        user.communicate()


def url_of(user: "subprocess.Popen[str]") -> str:
    assert user.stdout
    return user.stdout.readline().strip()


def leave(user: "subprocess.Popen[str]") -> None:
    user.communicate("")
    assert user.returncode == 0


def ask(url: str, *command: str) -> Any:
    with Redis.from_url(url, decode_responses=True, socket_timeout=5) as redis:
        return redis.execute_command(*command)


def process_of(url: str) -> int:
    return int(ask(url, "INFO", "server")["process_id"])


def runs(process: int) -> bool:
    """Whether it still does something: one that waits to be reaped by init does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("name", ["plain", "with a space, 100% ü", "deep" * 40])
def test_data_outlives_the_server_wherever_the_directory_is(tmp_path: Path, name: str) -> None:
    with embedded_redis(tmp_path / name) as url:
        assert url.startswith("unix://")
        ask(url, "SET", "greeting", "hello")
        first = process_of(url)
    assert not runs(first)
    with embedded_redis(tmp_path / name) as url:
        assert ask(url, "GET", "greeting") == "hello"


def test_it_starts_quickly_and_is_private(data_dir: Path) -> None:
    began = time.monotonic()
    with embedded_redis(data_dir) as url:
        assert time.monotonic() - began < 5  # 0.05 s on an idle machine
        assert (data_dir / "redis").stat().st_mode & 0o077 == 0
        assert (data_dir / "redis" / "redis.sock").stat().st_mode & 0o077 == 0
        assert ask(url, "CONFIG", "GET", "port") == {"port": "0"}


@pytest.mark.long
def test_users_share_one_server_and_the_last_one_stops_it(data_dir: Path, start_user: StartUser) -> None:
    user = start_user()
    server = process_of(url_of(user))
    with embedded_redis(data_dir) as url:
        assert process_of(url) == server
        leave(user)
        assert ask(url, "PING")
    assert not runs(server)


@pytest.mark.long
def test_simultaneous_starters_make_one_server(start_user: StartUser) -> None:
    users = [start_user() for _ in range(4)]
    servers = {process_of(url_of(user)) for user in users}
    for user in users:
        leave(user)
    assert len(servers) == 1
    assert not runs(servers.pop())


def test_ctrl_c_in_the_terminal_stops_the_server_and_loses_nothing(data_dir: Path, start_user: StartUser) -> None:
    user = start_user()
    url = url_of(user)
    server = process_of(url)
    ask(url, "SET", "written", "just before")
    os.killpg(user.pid, signal.SIGINT)
    user.communicate()
    assert not runs(server)
    assert "ready to exit" in (data_dir / "redis" / "server.log").read_text()
    with embedded_redis(data_dir) as url:
        assert ask(url, "GET", "written") == "just before"


def test_a_killed_user_leaves_a_server_that_the_next_one_adopts(data_dir: Path, start_user: StartUser) -> None:
    user = start_user()
    url = url_of(user)
    server = process_of(url)
    ask(url, "SET", "written", "just before")
    user.kill()
    user.wait()
    with embedded_redis(data_dir) as url:
        assert process_of(url) == server
        assert ask(url, "GET", "written") == "just before"
    assert not runs(server)


def test_a_killed_server_leaves_its_data_and_its_socket_is_no_obstacle(data_dir: Path, start_user: StartUser) -> None:
    url = url_of(start_user())
    ask(url, "SET", "written", "just before")
    server = process_of(url)
    os.kill(server, signal.SIGKILL)
    with embedded_redis(data_dir) as url:
        assert ask(url, "GET", "written") == "just before"
        assert process_of(url) != server


@pytest.mark.long
def test_a_forked_child_does_not_stop_the_server_of_its_parent(start_user: StartUser) -> None:
    user = start_user("fork")
    url = url_of(user)
    assert ask(url, "PING")
    leave(user)


def test_a_copied_directory_gets_a_server_of_its_own(data_dir: Path, tmp_path: Path) -> None:
    with embedded_redis(data_dir) as url:
        ask(url, "SET", "owner", "original")
        shutil.copytree(data_dir, tmp_path / "copy", ignore=shutil.ignore_patterns("*.sock"))
        with embedded_redis(tmp_path / "copy") as other:
            ask(other, "SET", "owner", "copy")
        assert ask(url, "GET", "owner") == "original"


def test_a_locale_that_is_not_installed_does_not_matter(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.missing")
    with embedded_redis(data_dir) as url:
        assert ask(url, "PING")


def test_an_installed_server_reads_the_data_where_the_bundled_one_does_not_run(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = shutil.which("redis-server")
    if not installed:
        pytest.skip("redis-server is not installed")
    with embedded_redis(data_dir) as url:
        ask(url, "SET", "greeting", "hello")
        ask(url, "BGREWRITEAOF")
    broken = tmp_path / "valkey-server"
    broken.write_text("#!/nowhere/loader\n")
    broken.chmod(0o755)
    monkeypatch.setattr(module, "server_programs", lambda: [str(broken), installed])
    with embedded_redis(data_dir) as url:
        assert ask(url, "GET", "greeting") == "hello"
        assert os.path.samefile(f"/proc/{process_of(url)}/exe", installed)


def test_no_server_program_is_one_line_that_says_what_to_do(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(EmbeddedRedisError, match=r"\A.*SOLO_REDIS_URL.*redis-server.*\Z"), embedded_redis(data_dir):
        pass


def test_a_server_that_dies_at_its_start_says_why(data_dir: Path) -> None:
    with embedded_redis(data_dir):
        pass
    (data_dir / "redis" / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense\n")
    with pytest.raises(EmbeddedRedisError, match=r"died at its start:\n(.*\n)*.*nonsense"), embedded_redis(data_dir):
        pass


def test_a_server_that_hangs_is_named_and_not_doubled(
    data_dir: Path, start_user: StartUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = process_of(url_of(start_user()))
    os.kill(server, signal.SIGSTOP)
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.2)
    with pytest.raises(EmbeddedRedisError, match=rf"process {server}\b.*does not answer"), embedded_redis(data_dir):
        pass
    os.kill(server, signal.SIGCONT)
    with embedded_redis(data_dir) as url:
        assert process_of(url) == server


def test_a_socket_directory_that_others_may_write_is_refused(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 40)
    with embedded_redis(deep) as url:
        short = Path(url.removeprefix("unix://")).parent
        assert short.stat().st_mode & 0o077 == 0
    assert not short.exists()
    short.mkdir()
    short.chmod(0o777)
    with pytest.raises(EmbeddedRedisError, match="remove it"), embedded_redis(deep):
        pass
    short.rmdir()


def test_a_data_directory_that_cannot_be_made_is_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(EmbeddedRedisError, match=r"\Athe embedded Redis cannot use .*\Z"),
        embedded_redis(tmp_path / "file"),
    ):
        pass
