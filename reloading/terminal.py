"""What the developer reads: our own lines in colour, and the server's output as it is."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO

from reloading.failures import Failure

GREEN, RED, YELLOW, BOLD, DIM = "32", "31", "33", "1", "2"
NAMED = 3  # files of a change that are named
ARROW = "→"


class Terminal:
    """Writes to standard output; in colour if that is a terminal and NO_COLOR is not set (https://no-color.org)."""

    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self._stream = stream
        self._coloured = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def say(self, text: str, *styles: str) -> None:
        """Write a line."""
        self.pass_on(f"{self._styled(text, *styles)}\n".encode())

    def say_reloaded(self, paths: Sequence[str], seconds: float) -> None:
        """Tell that the new code is served now."""
        self.say(f"{named(paths)} {ARROW} {self._styled('reloaded', GREEN)} in {seconds:.2f} s")

    def say_failed(self, paths: Sequence[str], failure: Failure, consequence: str) -> None:
        """Tell why the new code is not served, and what is."""
        what = f"{named(paths)} {ARROW} " if paths else ""
        self.say(f"{what}{self._styled('not started', BOLD, RED)}; {consequence}")
        if failure.place:
            self.say(f"  {self._styled(failure.place, BOLD)}{self._styled(failure.inside, DIM)}")
        for line in failure.code:
            self.say(f"    {line}")
        for line in failure.reason:
            self.say(f"  {self._styled(line, RED)}")

    def pass_on(self, output: bytes, stream: TextIO | None = None) -> None:
        """Write what a server has written. A terminal that was closed under us is not worth dying for."""
        with suppress(OSError):
            while output:
                output = output[os.write((stream or self._stream).fileno(), output) :]

    def _styled(self, text: str, *styles: str) -> str:
        return f"\033[{';'.join(styles)}m{text}\033[0m" if self._coloured and styles and text else text


def named(paths: Sequence[str]) -> str:
    """Name some files, and count the rest."""
    if len(paths) <= NAMED:
        return ", ".join(paths)
    return f"{', '.join(paths[: NAMED - 1])} and {len(paths) - NAMED + 1} more"
