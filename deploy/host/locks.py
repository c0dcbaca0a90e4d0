"""Two locks that fall with whoever holds them, however that ends: one for a deployment, one for each step of it.

Both are flock(2) on a file that stays. What the file says is for people; whether it is locked, the kernel knows.
"""

import fcntl
import json
import os
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .events import Events, Failed
from .layout import Layout

STDIN = 0
SILENCE = 60.0  # seconds without a sign of life after which a deployment counts as dead
STEP_PATIENCE = 120.0  # seconds to wait for the step of a deployment that died; its pip or migration goes on without it
STATUS_PATIENCE = 1.0  # seconds: longer than `status` takes to look whether a lock is held


def now() -> str:
    """The time, ISO 8601, UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def hold_deploy_lock(layout: Layout, owner: str, events: Events, silence: float = SILENCE) -> None:
    """Hold the lock of a deployment until stdin is closed; the client writes a byte now and then to show it is alive.

    Raises:
        Failed: somebody else holds it; or nothing was heard for ``silence`` seconds, and the lock is free again.
    """
    layout.create()
    descriptor = os.open(_deploy_lock(layout), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        if not _take(descriptor, STATUS_PATIENCE):
            holder = _read(descriptor)
            raise Failed(f"locked by {holder['owner']} since {holder['since']}", **holder)
        _write(descriptor, {"owner": " ".join(owner.split()), "since": now()})
        events.held()
        try:
            _listen(silence)
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def read_deploy_lock(layout: Layout) -> dict[str, Any] | None:
    """Return who holds the lock of a deployment since when; None when nobody does."""
    try:
        descriptor = os.open(_deploy_lock(layout), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(descriptor)
    else:
        return None
    finally:
        os.close(descriptor)


@contextmanager
def step_lock(layout: Layout, step: str, patience: float = STEP_PATIENCE) -> Iterator[int]:
    """Let one step at a time change this host. Yields the descriptor of the lock.

    A program that must not run twice gets the descriptor as well: it holds the lock on, should this one be killed.

    Raises:
        Failed: another step has not ended in ``patience`` seconds.
    """
    layout.create()
    descriptor = os.open(layout.root / ".step.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        if not _take(descriptor, patience):
            holder = _read(descriptor)
            raise Failed(f"{holder['owner']} still runs on this host, since {holder['since']}: wait for its end")
        _write(descriptor, {"owner": step, "since": now()})
        yield descriptor
    finally:
        os.close(descriptor)


def _deploy_lock(layout: Layout) -> Path:
    return layout.root / "deploy.lock"


def _take(descriptor: int, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        else:
            return True


def _write(descriptor: int, holder: dict[str, Any]) -> None:
    text = json.dumps(holder).encode()
    os.pwrite(descriptor, text, 0)
    os.ftruncate(descriptor, len(text))


def _read(descriptor: int) -> dict[str, Any]:
    try:
        told = json.loads(os.pread(descriptor, 10_000, 0))
        return {"owner": str(told["owner"]), "since": str(told["since"])}
    except (ValueError, KeyError, TypeError):  # it was taken just now
        return {"owner": "somebody", "since": "just now"}


def _listen(silence: float) -> None:
    while select.select([STDIN], [], [], silence)[0]:
        if not os.read(STDIN, 4096):
            return
    raise Failed(f"nothing was heard from the deployment for {silence:g} s; the lock is free again")
