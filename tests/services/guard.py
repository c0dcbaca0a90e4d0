"""Runs a server, and ends all that came of it: the daemons too, that leave their parents on purpose.

    python tests/services/guard.py COMMAND …

Linux gives a "subreaper" the orphans among its descendants. So whoever daemonizes below this process becomes its child,
and when it is told to end (SIGTERM), or when the process that started it is gone, however that ended, nothing is left.
It ends by itself when nothing of the command is left; it cannot help when it is killed itself.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def _end(*_: object) -> None:
    """Kill all descendants, again until none has had a child meanwhile; leave."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    while found := descendants(os.getpid()):
        for process in found:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.005)
    os._exit(0)


def descendants(ancestor: int) -> list[int]:
    """The processes below one, in no order; those that ended and were not waited for are not counted."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            if state not in "ZX":
                children.setdefault(int(parent), []).append(int(folder.name))
    found: list[int] = []
    waiting = [ancestor]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def main() -> int:
    """The command line: see the module's text."""
    parent = os.getppid()
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)  # Service said SIGKILL, which would leave us no time
    if os.getppid() != parent:
        return 1
    started = subprocess.Popen(sys.argv[1:], preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))
    code = 0
    with suppress(ChildProcessError):  # nobody is left
        while True:
            process, status = os.wait()
            if process == started.pid:
                code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
