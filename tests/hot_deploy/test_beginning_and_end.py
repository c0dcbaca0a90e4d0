"""From the first start to Ctrl-C, or to kill -9: nothing is left behind."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from .running import ROOT, SERVICES, HotDeploy, is_running, poll

MIGRATION = '''"""A word for each."""

import sqlalchemy as sa
from alembic import op

revision = "aaaabbbbcccc"
down_revision = "{head}"


def upgrade() -> None:
    op.create_table("words", sa.Column("id", sa.Integer, primary_key=True))


def downgrade() -> None:
    op.drop_table("words")
'''


CHECK = "    state = Ready("  # in SERVICES, when /health/ready is asked for


def slow_check(seconds: float) -> str:
    """The same, after a while; what shows that a request is being worked on is the file ``at-work``."""
    return f'    open("at-work", "w").close()\n    __import__("time").sleep({seconds})\n{CHECK}'


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


@pytest.mark.long
def test_first_start_may_fail_migrations_are_applied_and_ctrl_c_ends_all_in_order(project: Path) -> None:
    good = (project / SERVICES).read_text()
    (project / SERVICES).write_text("import none_such\n")
    running = HotDeploy(project)
    running.wait_for(r"^not started; waiting for a change\n  .*services.py:1\n    import none_such\n  ModuleNotFound")
    (project / SERVICES).write_text(good)
    with running:  # which waits for its greeting
        ready = f"{running.address}/api/v1/health/ready"
        head = requests.get(ready, timeout=40).json()["data"]["revision"]
        printed = running.write("migrations/versions/20300101_words.py", MIGRATION.format(head=head))
        running.wait_for("^migrations/versions/20300101_words.py → reloaded", printed)
        assert requests.get(ready, timeout=40).json()["data"]["revision"] == "aaaabbbbcccc"

        printed = running.change(SERVICES, CHECK, slow_check(0.5))
        running.wait_for("→ reloaded", printed)
        processes = running.processes()
        redis = int((project / "var/redis/server.pid").read_text())
        with ThreadPoolExecutor() as clients:
            in_flight = clients.submit(requests.get, ready, timeout=40)
            poll((project / "at-work").exists, lambda: "no request has come")
            assert running.press_ctrl_c() == 0
            assert in_flight.result().status_code == 200, "who was served is served to the end"
        assert not [pid for pid in [*processes, redis] if is_running(pid)]
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port_of(running.address)))
        assert not list((project / "var" / "redis").glob("*.sock"))
        assert "Traceback" not in running.printed


def test_kill_9_leaves_no_process_behind(project: Path) -> None:
    with HotDeploy(project) as running:
        assert running.answer() == "ok"
        processes = running.processes()
        redis = int((project / "var/redis/server.pid").read_text())
        running.process.kill()
        poll(lambda: not [pid for pid in [*processes, redis] if is_running(pid)], lambda: str(processes))
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port_of(running.address)))


@pytest.mark.long
def test_second_ctrl_c_waits_for_nobody(project: Path) -> None:
    (project / SERVICES).write_text((project / SERVICES).read_text().replace(CHECK, slow_check(60)))
    with HotDeploy(project) as running, socket.socket() as client:
        client.connect(("127.0.0.1", port_of(running.address)))
        client.sendall(b"GET /api/v1/health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n")
        poll((project / "at-work").exists, lambda: "no request has come")
        processes = running.processes()
        os.killpg(running.process.pid, signal.SIGINT)
        poll(lambda: _refuses(port_of(running.address)), lambda: "it still listens")
        assert running.process.poll() is None, "the first one lets the client be served"
        assert running.press_ctrl_c() == 0
        poll(lambda: not [pid for pid in processes if is_running(pid)], lambda: str(processes))


def _refuses(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


def test_taken_port_is_one_clear_line(taken_port: int) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "hot_deploy.py", "--port", str(taken_port)], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 2
    assert re.fullmatch(
        rf"hot_deploy: cannot listen on 127\.0\.0\.1:{taken_port}: address already in use \(.*\)\n", done.stderr
    )


def test_it_runs_without_the_app_which_may_be_broken(tmp_path: Path) -> None:
    shutil.copy(ROOT / "hot_deploy.py", tmp_path)
    shutil.copytree(ROOT / "reloading", tmp_path / "reloading")
    done = subprocess.run([sys.executable, "hot_deploy.py", "--help"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--cold" in done.stdout
