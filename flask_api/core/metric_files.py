"""Files in which the processes of one host keep what they have counted.

Each process has a file alone, for as long as it lives: ``0.json``, ``1.json``, …, whose lock (``0.lock``) it holds. It
takes the first that is free and goes on from what that says. So totals never fall when a process ends, however it
ends, and there are never more files than there were processes at the same time.

A file is replaced whole: who reads it finds all of it, and a full disk costs no more than what was counted meanwhile.
"""

import fcntl
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import orjson

Key = tuple[str, ...]  # a metric's name and its labels
Series = dict[Key, list[float]]
Gauges = dict[str, float]


class MetricFile:
    """The file of this process.

    Args:
        folder: where the files lie; made if need be.

    Raises:
        OSError: no file can be had there.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock, self._path = _take(folder)

    def read(self) -> Series:
        """Return what those before us have counted."""
        return _read(self._path)[0]

    def write(self, series: Series, gauges: Gauges) -> None:
        """Replace what it says.

        Raises:
            OSError: it cannot be written now.
        """
        new = self._path.with_suffix(".new")
        new.write_bytes(orjson.dumps([[[key, values] for key, values in series.items()], gauges]))
        new.replace(self._path)

    def close(self) -> None:
        """Leave it to another process."""
        os.close(self._lock)


def read_all(folder: Path) -> Iterator[tuple[Series, Gauges]]:
    """Yield what each process has counted, and how it stands, if it lives."""
    for path in sorted(folder.glob("*.json")):
        series, gauges = _read(path)
        yield series, gauges if _is_held(path.with_suffix(".lock")) else {}


def _take(folder: Path) -> tuple[int, Path]:
    for number in count():
        lock = os.open(folder / f"{number}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        if _lock(lock):
            return lock, folder / f"{number}.json"
        os.close(lock)
    raise AssertionError("unreachable")


def _is_held(path: Path) -> bool:
    try:
        lock = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        return not _lock(lock, fcntl.LOCK_SH)
    finally:
        os.close(lock)


def _lock(file: int, kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(path: Path) -> tuple[Series, Gauges]:
    """Return what a file says; one that is not there, or that nobody can read, says nothing."""
    try:
        series, gauges = orjson.loads(path.read_bytes())
        return {tuple(key): values for key, values in series}, gauges
    except (OSError, ValueError, TypeError):
        return {}, {}
