"""Log files: their last lines, what was added to them, and following them over their rotations."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .events import Events, Failed
from .layout import Layout

BLOCK = 64 * 1024
POLL = 0.25  # seconds
QUIET = {"access.log"}  # too much to be shown unasked


def size_of(path: str) -> int:
    """Return the size of a log; 0 when there is none."""
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0


def text_since(path: str, size: int) -> str:
    """Return what was added to a log since it had this size; all of it when it has been rotated since."""
    try:
        with Path(path).open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(size if size <= end else 0, end - BLOCK))
            return file.read(BLOCK).decode(errors="replace")
    except OSError:
        return ""


def show_logs(layout: Layout, *, file: str | None, lines: int, follow: bool, events: Events) -> None:
    """Write the last lines of a log, or of all but the access log, each then with the name of its file in front.

    Raises:
        Failed: there is no such log.
    """
    logs = [_Log(path, lines) for path in _choose(layout, file)]
    width = 0 if file else max(len(log.path.name) for log in logs)
    while True:
        for log in logs:
            front = f"{log.path.name:<{width}} | " if width else ""
            for line in log.new_lines():
                events.write(f"{front}{line}\n")
        if not follow or not events.are_heard:
            return
        time.sleep(POLL)


@dataclass
class _Log:
    path: Path
    lines: int
    inode: int = 0
    position: int = 0
    rest: bytes = field(default=b"", repr=False)

    def new_lines(self) -> Iterator[str]:
        """Yield the lines since the last time; the first time the last ones."""
        try:
            with self.path.open("rb") as file:
                status = os.fstat(file.fileno())
                if not self.inode:
                    self.position = _start_of_last(file.fileno(), status.st_size, self.lines)
                elif status.st_ino != self.inode or status.st_size < self.position:  # rotated
                    self.position, self.rest = 0, b""
                self.inode = status.st_ino
                file.seek(self.position)
                added = file.read()
        except FileNotFoundError:
            return
        self.position += len(added)
        *whole, self.rest = (self.rest + added).split(b"\n")
        yield from (line.decode(errors="replace") for line in whole)


def _start_of_last(descriptor: int, size: int, lines: int) -> int:
    """Return where the last lines begin, read from the end: a log may be large."""
    position, tail = size, b""
    while position > 0 and tail.count(b"\n") <= lines:
        position = max(0, position - BLOCK)
        tail = os.pread(descriptor, size - position, position)
    parts = tail.split(b"\n")
    return position if len(parts) <= lines + 1 else size - len(b"\n".join(parts[-lines - 1 :]))


def _choose(layout: Layout, file: str | None) -> list[Path]:
    there = sorted(path for path in layout.logs.glob("*.log") if path.is_file())
    if file is None:
        chosen = [path for path in there if path.name not in QUIET]
    else:
        chosen = [path for path in there if path.name == file]
    if not chosen:
        names = ", ".join(path.name for path in there) or "none yet"
        raise Failed(f"there is no log {file or ''}".rstrip() + f" on this host; there are: {names}")
    return chosen
