"""Hears that files were touched, waits for a moment of quiet, and says what has changed.

The file system's events only wake us: what did change is found by looking (``Sources.look``). So a moved folder, a
checkout of another branch or an event that was lost is seen like any other edit, and a save without a change is none.
"""

import asyncio
import math
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import ObservedWatch

from reloading.sources import Sources

QUIET = 0.03  # seconds without a touch before we look
NO_LATER_THAN = 0.5  # seconds from the first touch until we look, quiet or not
# Not among them: opened and closed. Python opens each file it imports, so they would make us restart for ever.
TELLING: list[type[FileSystemEvent]] = [
    *(FileCreatedEvent, FileModifiedEvent, FileMovedEvent, FileDeletedEvent),
    *(DirCreatedEvent, DirMovedEvent, DirDeletedEvent),
]


class WatchingError(Exception):
    """The files cannot be watched; the text is one line for the developer."""


@dataclass(frozen=True)
class Change:
    """What has changed and is not served yet.

    Args:
        paths: relative to the project; none at the very start, or when a server that died is started again.
        since: when the first of them was touched (the event loop's clock).
    """

    paths: tuple[str, ...]
    since: float

    def with_earlier(self, earlier: "Change") -> "Change":
        """Return both as one."""
        return Change(tuple(sorted({*earlier.paths, *self.paths})), min(earlier.since, self.since))


class Watching(FileSystemEventHandler):
    """Collects changes; ``arrived`` is set while there is one to ``take``. To be made inside an event loop.

    Raises:
        WatchingError: the system watches no more.
    """

    def __init__(self, sources: Sources) -> None:
        self.arrived = asyncio.Event()
        self._sources = sources
        self._loop = asyncio.get_running_loop()
        self._touched: set[str] = set()
        self._doubtful: set[str] = set()
        self._doubts_until = 0.0
        self._first = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._change: Change | None = None
        self._observer = Observer()
        self._watches: dict[str, tuple[int, ObservedWatch]] = {}
        try:
            self._observer.schedule(self, str(sources.root), recursive=False, event_filter=TELLING)
            self._follow_folders()
            self._observer.start()
        except OSError as error:
            raise WatchingError(
                f"cannot watch {sources.root}: {error.strerror} (on Linux, raise fs.inotify.max_user_watches)"
            ) from None
        self._first = self._loop.time()
        self._loop.call_soon(self._look)  # an edit may have come just before we watched

    def doubt(self, seconds: float = math.inf) -> None:
        """Take a file that is written from now on for changed, whatever it holds in the end: a server starts."""
        self._doubts_until = self._loop.time() + seconds

    def stop(self) -> None:
        """Watch no longer."""
        if self._timer:
            self._timer.cancel()
        self._observer.stop()
        self._observer.join()

    def take(self) -> Change:
        """Return what has changed since the last time; ``arrived`` must be set."""
        change, self._change = self._change, None
        self.arrived.clear()
        assert change is not None
        return change

    async def arrives_before(self, event: asyncio.Future[Any] | None, timeout: float | None = None) -> bool:
        """Wait for a change or for something else, at most ``timeout`` seconds; return whether a change is there."""
        arrives: asyncio.Future[Any] = asyncio.ensure_future(self.arrived.wait())
        try:
            await asyncio.wait({arrives, event or arrives}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            arrives.cancel()
        return self.arrived.is_set()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Called in the observer's thread."""
        for path in (os.fsdecode(name) for name in (event.src_path, event.dest_path) if name):
            if self._sources.holds(path) if event.is_directory else self._sources.is_source(path):
                self._loop.call_soon_threadsafe(self._touch, path)

    def _touch(self, path: str) -> None:
        now = self._loop.time()
        if self._timer:
            self._timer.cancel()
        else:
            self._first = now
        self._touched.add(path)
        if now < self._doubts_until:
            self._doubtful.add(path)
        self._timer = self._loop.call_at(min(now + QUIET, self._first + NO_LATER_THAN), self._look)

    def _look(self) -> None:
        touched, self._touched, self._timer = self._touched, set(), None
        doubtful, self._doubtful = self._doubtful, set()
        with suppress(OSError):  # a folder that is gone again, or no watch left: what can be seen is looked at
            self._follow_folders()
        if paths := self._sources.look(touched, doubtful):
            change = Change(tuple(paths), self._first)
            self._change = change.with_earlier(self._change) if self._change else change
            self.arrived.set()

    def _follow_folders(self) -> None:
        """Watch the folders at the top that hold sources, each by itself: the system's watches are few.

        To watch the whole would take .venv in, with some thousand folders.
        """
        present = self._sources.folders()
        for path in [path for path, (inode, _) in self._watches.items() if present.get(path) != inode]:
            self._observer.unschedule(self._watches.pop(path)[1])
        for path in present.keys() - self._watches.keys():
            watch = self._observer.schedule(self, path, recursive=True, event_filter=TELLING)
            self._watches[path] = present[path], watch
