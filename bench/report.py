"""What a run found: the figures of each contender, the table, the aims."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.load import Sample

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Aim:
    """Something ours should reach, and what it reached."""

    text: str
    found: float
    hit: bool


@dataclass(frozen=True)
class Figures:
    """The rounds of one contender at one endpoint; what counts is their median."""

    rounds: Sequence[Sample]

    @property
    def requests_per_second(self) -> float:
        """Return the median throughput."""
        return median(sample.requests_per_second for sample in self.rounds)

    @property
    def p50_ms(self) -> float:
        """Return the median of the rounds' median latencies."""
        return median(sample.p50_ms for sample in self.rounds)

    @property
    def p99_ms(self) -> float:
        """Return the median of the rounds' 99th percentiles."""
        return median(sample.p99_ms for sample in self.rounds)

    @property
    def tail(self) -> float:
        """Return how many times the median latency the 99th percentile is."""
        return self.p99_ms / self.p50_ms

    def as_json(self) -> dict[str, Any]:
        """Return what the results file keeps."""
        return {
            "requests_per_second": round(self.requests_per_second, 1),
            "p50_ms": round(self.p50_ms, 3),
            "p99_ms": round(self.p99_ms, 3),
            "rounds": [round(sample.requests_per_second, 1) for sample in self.rounds],
            "rounds_disturbance": [round(sample.disturbance, 3) for sample in self.rounds],
            "rounds_p99_ms": [round(sample.p99_ms, 3) for sample in self.rounds],
        }


def table(figures: dict[str, Figures], memory: dict[str, int]) -> str:
    """Lay one endpoint's figures out, fastest first."""
    bare, ours = figures.get("bare"), figures.get("ours")
    rows = [("contender", "req/s", "of bare", "ours is", "p50 ms", "p99 ms", "p99/p50", "peak MB")]
    for name, found in sorted(figures.items(), key=lambda item: -item[1].requests_per_second):
        rows.append(
            (
                name,
                f"{found.requests_per_second:,.0f}",
                ratio(found, bare),
                ratio(ours, found, sign=" ×"),
                f"{found.p50_ms:.2f}",
                f"{found.p99_ms:.2f}",
                f"{found.tail:.1f}",
                f"{memory[name] / MEGABYTE:.0f}",
            )
        )
    return "\n".join(aligned(rows))


def ratio(upper: Figures | None, lower: Figures | None, sign: str = "") -> str:
    """Write how many times as fast one is as the other; a dash if either did not take part."""
    if upper is None or lower is None:
        return "–"
    return f"{upper.requests_per_second / lower.requests_per_second:.2f}{sign}"


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lay rows out in columns, the first row underlined."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        first, *others = (
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join([first, *others])
        if number == 0:
            yield "  ".join("─" * width for width in widths)


def judge(name: str, figures: dict[str, Figures], *, of_bare: float, of_fastapi: float, tail: float) -> list[Aim]:
    """Compare ours with the aims of one endpoint, as far as the contenders they name took part."""
    ours = figures.get("ours")
    if ours is None:
        return []
    aims = []
    for peer, least in (("bare", of_bare), ("fastapi", of_fastapi)):
        if peer in figures:
            found = ours.requests_per_second / figures[peer].requests_per_second
            aims.append(Aim(f"{name}: at least {least} × {peer}", found, found >= least))
    return [*aims, Aim(f"{name}: p99 at most {tail} × p50", ours.tail, ours.tail <= tail)]


def verdicts(aims: Iterable[Aim]) -> str:
    """Write a line for each aim."""
    return "\n".join(f"{'hit ' if aim.hit else 'MISS'}  {aim.text:<36} {aim.found:.2f}" for aim in aims)
