"""What the operator sees: one line for each thing that happened, with its host and how long it took; tables; questions.

Lines are only ever added, so they read the same in a terminal, in a pipe and in a CI log. Colours are for terminals
(and not where NO_COLOR is set, see no-color.org). Text from hosts cannot drive the terminal: control characters are
shown, not sent.
"""

import os
import re
import sys
import threading
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO

COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
PLAIN_SIGNS = {"✓": "+", "✗": "x", "│": "|", "→": "->", "…": "...", "–": "-", "·": "-"}  # where there is no Unicode
WIDEST = 100  # columns; wider ones would put the seconds far away
LOG_LINES = 30

Cell = str | tuple[str, str]  # text, or text and its colour


class Terminal:
    """Writes to ``out`` (stdout), for all threads. A terminal that goes away, or a closed pipe, stops nothing."""

    def __init__(self, out: TextIO | None = None, source: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._source = source or sys.stdin
        self._lock = threading.Lock()
        self._coloured = is_coloured(self._out)
        self._encoding = getattr(self._out, "encoding", None) or "utf-8"
        self._signs = {} if self._encoding.lower().startswith("utf") else PLAIN_SIGNS
        self._width = min(WIDEST, _columns(self._out)) - 1
        self._begun = False
        self.is_gone = False  # nobody reads any more
        self.names = 0  # the width of the column of hosts

    def heading(self, text: str) -> None:
        """Begin a part."""
        self._write(*([""] if self._begun else []), self._paint(printable(text), "bold"))
        self._begun = True

    def line(self, text: str = "", colour: str = "") -> None:
        """Write a line under the last heading."""
        self._begun = True
        self._write(self._paint(f"  {printable(text)}" if text else "", colour))

    def step(self, who: str, text: str, seconds: float) -> None:
        """Tell what is under way, and how long after the beginning."""
        shown, took = printable(text), f"{seconds:.1f} s"
        most = max(20, self._width - 8 - self.names - len(took))
        cut = shown if len(shown) <= most else f"{shown[: most - 1]}…"
        self._write(self._paint(self._beside(f"    {who:<{self.names}}  {cut}", took), "dim"))

    def done(self, who: str, text: str, seconds: float | None = None) -> None:
        """Tell what went well, and how long it took."""
        self._ended("✓", "green", who, text, seconds)

    def warn(self, who: str, text: str, seconds: float | None = None) -> None:
        """Tell what the operator should know."""
        self._ended("!", "yellow", who, text, seconds)

    def failed(self, who: str, text: str, seconds: float | None = None) -> None:
        """Tell what went wrong."""
        self._ended("✗", "red", who, text, seconds)

    def log(self, text: str) -> None:
        """Show the end of a log that explains a failure."""
        lines = text.rstrip().split("\n")[-LOG_LINES:]
        bar = self._paint("    │", "red")
        self._write(*(f"{bar} {printable(line)}" for line in lines))

    def from_host(self, name: str, line: str, colour: str) -> None:
        """Pass on a line of a host's log."""
        self._write(f"{self._paint(f'{name:<{self.names}} │', colour)} {printable(line)}")

    def table(self, titles: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        """Write rows below their titles, in columns."""
        cells = [[(cell, "") if isinstance(cell, str) else cell for cell in row] for row in rows]
        shown = [[(printable(text), colour) for text, colour in row] for row in cells]
        lines = [[(title, "dim") for title in titles], *shown]
        widths = [max(_width(line[place][0]) for line in lines) for place in range(len(titles))]
        for line in lines:
            padded = (
                self._paint(text, colour) + " " * (width - _width(text))
                for (text, colour), width in zip(line, widths, strict=True)
            )
            self._write(f"  {'   '.join(padded)}")

    def ask(self, question: str) -> bool:
        """Return whether the operator says yes; an end of input is a no."""
        with self._lock:
            self._out.write(self._translated(f"\n{self._paint(question, 'bold')} [y/N] "))
            self._out.flush()
        answer = self._source.readline()
        if not answer.endswith("\n"):
            self._write("")
        return answer.strip().lower() in ("y", "yes")

    @property
    def can_ask(self) -> bool:
        """Whether somebody sits there."""
        return self._source.isatty()

    def _ended(self, sign: str, colour: str, who: str, text: str, seconds: float | None) -> None:
        start = f"{who:<{self.names}}  {printable(text)}" if who else printable(text)
        took = f"{seconds:.1f} s" if seconds is not None else ""
        whole = self._beside(f"  {sign} {start}", took)
        body, end = whole[4 : len(whole) - len(took)], whole[len(whole) - len(took) :]
        body = body if colour == "green" else self._paint(body, colour)
        self._write(f"  {self._paint(sign, colour)} {body}{self._paint(end, 'dim')}")

    def _beside(self, start: str, took: str) -> str:
        """Put the time at the right."""
        return f"{start}{' ' * max(2, self._width - _width(start) - len(took))}{took}" if took else start

    def _paint(self, text: str, colour: str) -> str:
        if not (self._coloured and colour and text):
            return text
        return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m"

    def _translated(self, text: str) -> str:
        for sign, plain in self._signs.items():
            text = text.replace(sign, plain)
        return text.encode(self._encoding, "replace").decode(self._encoding)

    def _write(self, *lines: str) -> None:
        text = "".join(f"{self._translated(line.rstrip(' '))}\n" for line in lines)
        with self._lock:
            try:
                self._out.write(text)
                self._out.flush()
            except (OSError, ValueError):
                self.is_gone = True


def is_coloured(out: TextIO) -> bool:
    """Whether colours make sense there: a terminal that can, and an operator who has not said NO_COLOR."""
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def printable(text: str) -> str:
    """Return text that moves no cursor and hides nothing: control and direction characters as ``\\x1b``."""
    shown = text.replace("\t", "    ")
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]", lambda m: repr(m[0])[1:-1], shown)


def span(seconds: float) -> str:
    """Return a time as people say it: ``12 s``, ``3 min``, ``5 h``, ``2 d``."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def in_words(count: int, noun: str) -> str:
    """Return ``1 host``, ``3 hosts``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def in_bytes(size: float) -> str:
    """Return a size as people say it: ``172 kB``, ``3.4 GB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit in ("B", "kB") or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def _width(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(bool(unicodedata.combining(char)) for char in text)


def _columns(out: TextIO) -> int:
    with suppress(OSError, ValueError, AttributeError):
        return os.get_terminal_size(out.fileno()).columns
    return WIDEST
