"""Ctrl-C, SIGTERM and a terminal that goes away: heard at once where nothing is half done, else a little later."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self

STOPPED = "stopped by the operator"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """The operator wants it to end."""


class Interrupts:
    """Decides when a signal counts; a context. ``told`` hears of one that has to wait, and what for.

    Outside of held(), a signal raises Stopped in the main thread. Inside, it waits for check(), or for the end of it.
    """

    def __init__(self, told: Callable[[str], None]) -> None:
        self._told = told
        self._waits_for = ""
        self._came = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._hear) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def held(self, waits_for: str) -> Iterator[None]:
        """Let signals wait; ``waits_for`` says for what: "the step on web-1 ends"."""
        before, self._waits_for = self._waits_for, waits_for
        try:
            yield
        finally:
            self._waits_for = before

    def check(self) -> None:
        """Raise Stopped when a signal has come."""
        if self._came:
            self._came = False
            raise Stopped

    def forget(self) -> None:
        """Count no signal that has come so far."""
        self._came = False

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        if not self._waits_for:
            raise Stopped
        self._came = True
        # Not here: the signal may have come in the middle of a write to the same terminal.
        threading.Thread(target=self._told, args=(self._waits_for,), daemon=True).start()
