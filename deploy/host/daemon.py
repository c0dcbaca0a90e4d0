"""supervisord itself: starting it, waiting for it, clearing up after one that was killed, and its groups."""

import json
import os
import signal
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from .events import Events, Failed
from .layout import Layout
from .processes import release_of
from .programs import run
from .releases import Release
from .supervisor import NotRunning, ShuttingDown, Supervisor

POLL = 0.1  # seconds
START_SECONDS = 15.0
STOP_SECONDS = 60.0  # supervisord.ini gives each process its own time; this is for all of them
ORPHAN_SECONDS = 30.0


def reach_supervisor(layout: Layout, release: Release, events: Events) -> Supervisor:
    """Return the supervisord of this host; started, with the release, when it does not run.

    Raises:
        Failed: it does not start, or does not come to the end of its shutdown.
    """
    supervisor = Supervisor(layout)
    deadline = time.monotonic() + STOP_SECONDS
    while True:
        try:
            supervisor.pid()
        except NotRunning:
            events.step("starting supervisord")
            shielded(partial(_start, layout, release))
        except ShuttingDown:
            if time.monotonic() > deadline:
                raise Failed(f"supervisord has been shutting down for {STOP_SECONDS:g} s") from None
            time.sleep(POLL)
        else:
            return supervisor


def update_groups(supervisor: Supervisor, events: Events) -> None:
    """Have supervisord do what supervisord.ini says now. A group that differs is stopped and started as a whole.

    supervisord cannot change it in its place: for some seconds clients are refused here, and go to other hosts.

    Raises:
        Failed: the file cannot be read, or a group not be started.
    """
    added, changed, removed = supervisor.reread()
    for group in removed:
        events.step(f"group {group} is gone from supervisord.ini: stopping it")
        shielded(partial(_remove, supervisor, group))
    for group in changed:
        events.step(f"group {group} has changed in supervisord.ini: stopping and starting it as a whole")
        shielded(partial(_replace, supervisor, group))
    for group in added:
        events.step(f"group {group} is new in supervisord.ini: starting it")
        supervisor.add_group(group)


def shielded(work: Callable[[], None]) -> None:
    """Do something that must not stop half-way in a child: a kill of this process does not reach it.

    Raises:
        Failed: as the work did.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _do_in_child(work, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    failure = json.loads(told or b'["it ended half-way", null]')
    if failure:
        raise Failed(*failure)


def _do_in_child(work: Callable[[], None], writing: int) -> None:
    failure = None
    try:
        os.setsid()
        work()
    except Failed as failed:
        failure = [failed.error, failed.log]
    except BaseException as error:  # the parent tells it
        failure = [f"{type(error).__name__}: {error}", None]
    finally:
        with suppress(OSError):  # the parent was killed
            os.write(writing, json.dumps(failure).encode())
        os._exit(0)


def _start(layout: Layout, release: Release) -> None:
    _end_orphans(layout)
    # By paths that mean the same after the next deployment: what it imports late must fit what it imported early.
    command: list[str | Path] = [release.python, layout.current / "manage.py", "supervise"]
    started = run(command, cwd=layout.root)
    deadline = time.monotonic() + START_SECONDS
    supervisor = Supervisor(layout)
    while True:
        try:
            supervisor.pid()
        except (NotRunning, ShuttingDown):
            if started.status or time.monotonic() > deadline:
                raise Failed("supervisord does not start", started.last_lines or None) from None
            time.sleep(POLL)
        else:
            return


def _end_orphans(layout: Layout) -> None:
    """End processes whose supervisord was killed: they hold the port that the next one needs."""
    orphans = [pid for path in layout.sockets.glob("*.sock") if (pid := _listener(path)) and release_of(layout, pid)]
    deadline = time.monotonic() + ORPHAN_SECONDS
    for pid in orphans:
        _send(pid, signal.SIGTERM)
    while alive := [pid for pid in orphans if release_of(layout, pid)]:
        if time.monotonic() > deadline:
            for pid in alive:
                _send(pid, signal.SIGKILL)
        time.sleep(POLL)


def _listener(path: Path) -> int | None:
    """Return the process that listens on a Unix socket; None when nobody does."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.settimeout(1)
            client.connect(str(path))
            told = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        except OSError:
            return None
    return int(struct.unpack("3i", told)[0])


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _remove(supervisor: Supervisor, group: str) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    supervisor.stop_group(group)
    while not supervisor.remove_group(group):
        if time.monotonic() > deadline:
            raise Failed(f"group {group} does not stop")
        time.sleep(POLL)


def _replace(supervisor: Supervisor, group: str) -> None:
    _remove(supervisor, group)
    supervisor.add_group(group)
