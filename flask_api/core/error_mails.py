"""Errors gathered for a mail to the operators; named in logging.ini. Who mails them is told by :func:`send_by`."""

import fcntl
import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger(__name__)

Send = Callable[[int, list[str]], None]  # how many errors, and the first lines of them
MAX_LINES = 20
MAX_LENGTH = 4000  # characters of a line
LAST_MAIL = 10  # seconds for which the process waits for it to go out
_senders: list[Send] = []


def send_by(send: Send | None) -> None:
    """Name the function that mails; until then, and after None, errors are not gathered."""
    _senders[:] = [] if send is None else [send]


class ErrorMails(logging.Handler):
    """Gathers lines and mails them from a thread of its own: how many, and the first few.

    All processes that share ``folder`` together mail at most once a minute. Errors that mailing itself makes are not
    mailed. What could not be mailed is tried again with the next.

    Args:
        folder: where a file tells when the last mail went out.
        pause: seconds from one mail to the next.
        gather: seconds from the first error to its mail.
    """

    _gathered: threading.Lock
    _count: int
    _lines: list[str]
    _thread: threading.Thread | None

    def __init__(self, folder: str, pause: float = 60, gather: float = 2) -> None:
        super().__init__()
        self._stamp = Path(folder) / "error-mails.stamp"
        self._pause, self._gather = pause, gather
        self._not_before = 0.0
        self._ends = threading.Event()
        self._begin_anew()
        os.register_at_fork(after_in_child=self._begin_anew)

    def handle(self, record: logging.LogRecord) -> bool:
        """Pass by what the mailing thread says, before any lock: ``logging.shutdown`` holds ours while it waits."""
        if not _senders or threading.current_thread() is self._thread:
            return False
        return bool(super().handle(record))

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        try:
            with self._gathered:
                self._count += 1
                if len(self._lines) < MAX_LINES:
                    self._lines.append(self.format(record)[:MAX_LENGTH])
                if self._thread is None and not self._ends.is_set():
                    self._thread = threading.Thread(target=self._run, name="error-mails", daemon=True)
                    self._thread.start()
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        """Mail what was gathered, without a pause; called when the process ends."""
        self._ends.set()
        thread = self._thread
        if thread is not None and thread.is_alive():
            thread.join(LAST_MAIL)
        super().close()

    def _run(self) -> None:
        self._ends.wait(self._gather)
        while True:
            if self._may_mail() or self._ends.is_set():
                self._mail()
                if self._ends.is_set() or self._has_ended():
                    return
            self._ends.wait(min(self._pause, 1))

    def _has_ended(self) -> bool:
        """End the thread where nothing has come meanwhile; the next error begins another."""
        with self._gathered:
            if self._count:
                return False
            self._thread = None
            return True

    def _may_mail(self) -> bool:
        """Take the turn of this minute, unless another process has had it."""
        if time.monotonic() < self._not_before:
            return False
        try:
            is_ours = self._take_turn()
        except OSError:  # a full disk, for one, is worth a mail
            is_ours = True
        if is_ours:
            self._not_before = time.monotonic() + self._pause
        return is_ours

    def _take_turn(self) -> bool:
        with self._stamp.open("a") as stamp:
            fcntl.flock(stamp, fcntl.LOCK_EX)
            found = os.fstat(stamp.fileno())
            if found.st_size and 0 <= time.time() - found.st_mtime < self._pause:
                return False
            stamp.truncate(0)
            stamp.write("mailed\n")
            return True

    def _mail(self) -> None:
        with self._gathered:
            count, lines = self._count, self._lines
            self._count, self._lines = 0, []
        if not count or not _senders:
            return
        try:
            _senders[0](count, lines)
        except Exception as error:
            log.warning("errors could not be mailed to the operators: %s", type(error).__name__)
            with self._gathered:
                self._count += count
                self._lines = [*lines, *self._lines][:MAX_LINES]

    def _begin_anew(self) -> None:
        """Have nothing. In a forked process there is no thread, and what was gathered is the parent's to mail."""
        self._gathered = threading.Lock()
        self._count = 0
        self._lines = []
        self._thread = None
