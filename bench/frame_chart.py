"""The chart of the frame's benchmark."""

from datetime import UTC, datetime

from bench.chart import Bar, Chart, Group, draw
from bench.contenders import ENDPOINTS
from bench.load import CONNECTIONS
from bench.report import Figures, ratio


def chart_of(
    titles: dict[str, str],
    machine: dict[str, object],
    measured: dict[str, dict[str, Figures]],
    *,
    rounds: int,
    seconds: int,
) -> str:
    """Draw each endpoint's contenders, fastest first; ``titles`` says how they are called."""
    chart = Chart(
        title="Requests per second on one core",
        subtitle=f"{CONNECTIONS} connections, SQLite and Redis, median of {rounds} × {seconds} s, "
        "all in one run; longer is better",
        footnote=f"{machine['cpu']}, Python {machine['python']}, {datetime.now(UTC):%Y-%m-%d}. To repeat: make bench",
        unit="req/s",
        aside_head="p99 latency",
        groups=[Group(endpoint.title, _bars(titles, measured[endpoint.name])) for endpoint in ENDPOINTS],
    )
    return draw(chart)


def _bars(titles: dict[str, str], figures: dict[str, Figures]) -> list[Bar]:
    kinds = {"ours": "ours", "bare": "ceiling"}
    bare = figures.get("bare")
    return [
        Bar(
            name=titles[name],
            value=found.requests_per_second,
            note=ratio(found, bare, " × bare") if name != "bare" else "",
            aside=f"{found.p99_ms:.1f} ms",
            kind=kinds.get(name, "bar"),
        )
        for name, found in sorted(figures.items(), key=lambda item: -item[1].requests_per_second)
    ]
