"""What is started in a namespace ends with the test run, also when that is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.docs.namespace import Namespace, NamespaceMissing

DAEMON = "setsid sleep 7654 </dev/null >/dev/null 2>&1 &"
RUN = f"""
import time
from tests.docs.namespace import Namespace

class WithDaemon(Namespace):
    def script(self):
        return {DAEMON!r}

with WithDaemon() as namespace:
    print(namespace.first_process, flush=True)
    time.sleep(600)
"""


def processes_in_namespace_of(pid: int) -> list[int]:
    wanted = os.readlink(f"/proc/{pid}/ns/pid")
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(folder / "ns/pid") == wanted:
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def test_daemon_in_a_namespace_ends_with_a_killed_test_run() -> None:
    try:
        Namespace().prepare()
    except NamespaceMissing as missing:
        pytest.skip(str(missing))
    root = Path(__file__).resolve().parents[2]
    run = subprocess.Popen([sys.executable, "-c", RUN], cwd=root, stdout=subprocess.PIPE, text=True)
    assert run.stdout
    inside = processes_in_namespace_of(int(run.stdout.readline()))
    assert len(inside) >= 3, "its first process, the daemon, and one that waits"
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    deadline = time.monotonic() + 20
    while left := [pid for pid in inside if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() < deadline, left
        time.sleep(0.02)
