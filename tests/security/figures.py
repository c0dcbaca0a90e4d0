"""What a campaign has measured, as a table that says what holds."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")


@dataclass(frozen=True)
class Figure:
    """One line: what was measured, what came out, what is allowed, and whether that holds."""

    what: str
    measured: str
    allowed: str
    holds: bool


@dataclass(frozen=True)
class Part:
    """One attack of the campaign; ``run`` takes the options and returns its figures."""

    name: str
    about: str
    run: Callable[["Sizes"], list[Figure]]


@dataclass(frozen=True)
class Sizes:
    """How much of everything; a test runs the same with a few of each.

    Args:
        seed: of all choices.
        replays: signed requests, each sent ``copies`` times at once.
        restarts: of Redis, while the replays go on.
        sends, guesses: at once, for one phone each.
        rounds: how often those are done, each time for another phone.
        cases: generated requests, at least.
        samples: of known phones, and as many of unknown ones.
        slow: connections held open.
        seconds: of each of the turns in which latency is measured.
    """

    seed: int = 1
    replays: int = 10_000
    copies: int = 32
    restarts: int = 20
    sends: int = 500
    guesses: int = 200
    rounds: int = 10
    cases: int = 20_000
    samples: int = 500
    slow: int = 1000
    seconds: float = 10.0


def progress(items: Sequence[Item], what: str) -> Iterable[Item]:
    """Go through the items with a bar on the terminal; nothing is shown where there is none."""
    return tqdm(items, desc=what, disable=None, leave=False)


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as text, one line each."""
    rows = [("", "what", "measured", "allowed")]
    rows += [("ok" if one.holds else "FAILS", one.what, one.measured, one.allowed) for one in figures]
    widths = [max(len(row[place]) for row in rows) for place in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
