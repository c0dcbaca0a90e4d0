"""Log files that several processes write to at once; named in logging.ini."""

import fcntl
import logging
import os
import time
from contextlib import nullcontext, suppress
from pathlib import Path

CLOSED = -1  # a file descriptor of none
LOOK_EVERY = 1.0  # seconds between two looks at the file's size and name


class SharedLogFile(logging.Handler):
    """Appends lines to a file and renames it to ``.1``, ``.2`` … when it has grown over ``max_bytes``.

    The standard library's RotatingFileHandler lets each process rename the file under the others, which loses lines.
    Here a line is one write(2) with O_APPEND, which no other writer splits or overwrites; one process at a time
    rotates, under a lock; the others notice within a second and until then write to the renamed file.

    With ``buffer_size`` (bytes) lines are gathered, and written when there are so many, or at ``flush``, which somebody
    must call now and then: a kill -9 loses what was gathered.
    """

    def __init__(self, path: str, max_bytes: int = 20_000_000, backups: int = 5, buffer_size: int = 0) -> None:
        super().__init__()
        self.buffer_size = buffer_size
        self._gathered: list[bytes] = []
        self._gathered_size = 0
        self.path = Path(path)
        self.max_bytes = max_bytes
        self.backups = backups
        self._look_at = 0.0
        self._file = self._open()

    def emit(self, record: logging.LogRecord) -> None:
        """Append one line; called with the handler's lock held."""
        try:
            line = self.format(record).encode("utf-8", "backslashreplace") + b"\n"
            self._gathered.append(line)
            self._gathered_size += len(line)
            if self._gathered_size > self.buffer_size:
                self._write()
        except Exception:
            self.handleError(record)

    def flush(self) -> None:
        """Write what was gathered."""
        with self.lock or nullcontext():
            self._write()

    def close(self) -> None:
        """Write what was gathered, and close the file."""
        with suppress(OSError):
            self.flush()
        if self._file != CLOSED:  # logging closes handlers twice, and by then the number may be another file's
            os.close(self._file)
            self._file = CLOSED
        super().close()

    def _write(self) -> None:
        if not self._gathered:
            return
        data = b"".join(self._gathered)
        self._gathered, self._gathered_size = [], 0
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + LOOK_EVERY
            self._look()
        while data := data[os.write(self._file, data) :]:
            pass

    def _open(self) -> int:
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)

    def _look(self) -> None:
        """Go on in the file that has the name now; rotate when it is too large."""
        if not self._has_the_name():
            self._reopen()
        if os.fstat(self._file).st_size > self.max_bytes:
            with self.path.with_name(self.path.name + ".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if self._has_the_name():  # else another process was faster
                    self._rotate()
            self._reopen()

    def _has_the_name(self) -> bool:
        try:
            return os.path.samestat(self.path.stat(), os.fstat(self._file))
        except FileNotFoundError:
            return False

    def _reopen(self) -> None:
        new = self._open()
        os.close(self._file)
        self._file = new

    def _rotate(self) -> None:
        def numbered(number: int) -> Path:
            return self.path.with_name(f"{self.path.name}.{number}") if number else self.path

        for number in range(self.backups, 0, -1):
            with suppress(FileNotFoundError):
                numbered(number - 1).replace(numbered(number))
