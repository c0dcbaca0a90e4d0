"""A bar chart as hand-written SVG: its card and text change together with the reader's colour scheme."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, MARGIN = 880, 32
NAMES_END, BARS_START, BARS_END = 212, 224, 560  # labels right-aligned up to NAMES_END; values follow the bar
ROW, BAR, GROUP_HEAD, GROUP_GAP, HEAD, FOOT = 36, 22, 44, 28, 92, 52

STYLE = """
  text { font-family: -apple-system, BlinkMacSystemFont, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif }
  .card { fill: #ffffff; stroke: #d1d9e0 } .track { stroke: #d1d9e0 }
  .title { font-size: 20px; font-weight: 600; fill: #1f2328 }
  .group { font-size: 14px; font-weight: 600; fill: #1f2328 }
  .small { font-size: 12px; fill: #59636e } .name { font-size: 13px; fill: #59636e }
  .value { font-size: 13px; font-weight: 600; fill: #1f2328; font-variant-numeric: tabular-nums }
  .note { font-size: 13px; font-weight: 400; fill: #59636e; font-variant-numeric: tabular-nums }
  .bar { fill: #b6c0cb } .ceiling { fill: url(#hatch); stroke: #b6c0cb } .hatch { stroke: #8b949e; stroke-opacity: 0.4 }
  .ours { fill: #0f766e } .strong { font-weight: 600; fill: #0f766e }
  @media (prefers-color-scheme: dark) {
    .card { fill: #0d1117; stroke: #3d444d } .track { stroke: #3d444d }
    .title, .group, .value { fill: #f0f6fc } .small, .name, .note { fill: #9198a1 }
    .bar { fill: #4b5563 } .ceiling { stroke: #4b5563 }
    .ours { fill: #2dd4bf } .strong { fill: #2dd4bf }
  }
"""


@dataclass(frozen=True)
class Bar:
    """One bar: ``kind`` is "ours", "ceiling" or "bar"; ``note`` and ``aside`` are said beside the value."""

    name: str
    value: float
    note: str = ""
    aside: str = ""
    kind: str = "bar"


@dataclass(frozen=True)
class Group:
    """Bars on one scale."""

    title: str
    bars: Sequence[Bar]


@dataclass(frozen=True)
class Chart:
    """All that is to be drawn; ``aside_head`` stands above the bars' asides."""

    title: str
    subtitle: str
    footnote: str
    unit: str
    aside_head: str
    groups: Sequence[Group]


def draw(chart: Chart) -> str:
    """Draw the chart; bars are sorted by the caller."""
    body: list[str] = []
    y = HEAD
    for group in chart.groups:
        body.extend(_group(group, y, chart))
        y += GROUP_HEAD + ROW * len(group.bars) + GROUP_GAP
    height = y - GROUP_GAP + FOOT
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(chart.title)}">',
            f"<title>{escape(chart.title)}</title>",
            f"<style>{STYLE}</style>",
            '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)"><path d="M0 0V6" class="hatch" stroke-width="3"/></pattern></defs>',
            f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="12"/>',
            _text(MARGIN, 44, "title", chart.title),
            _text(MARGIN, 66, "small", chart.subtitle),
            *body,
            _text(MARGIN, height - 22, "small", chart.footnote),
            "</svg>\n",
        ]
    )


def _group(group: Group, top: float, chart: Chart) -> Iterator[str]:
    yield _text(MARGIN, top + 20, "group", group.title)
    yield _text(WIDTH - MARGIN, top + 20, "small", chart.aside_head, anchor="end")
    yield f'<path class="track" d="M{MARGIN} {top + 32.5}H{WIDTH - MARGIN}"/>'
    largest = max(bar.value for bar in group.bars)
    for place, bar in enumerate(group.bars):
        yield from _bar(bar, top + GROUP_HEAD + place * ROW, (BARS_END - BARS_START) * bar.value / largest, chart.unit)


def _bar(bar: Bar, top: float, length: float, unit: str) -> Iterator[str]:
    baseline = top + BAR / 2 + 4.5
    strong = " strong" if bar.kind == "ours" else ""
    yield _text(NAMES_END, baseline, f"name{strong}", bar.name, anchor="end")
    yield f'<rect class="{bar.kind}" x="{BARS_START}" y="{top}" width="{length:.1f}" height="{BAR}" rx="4"/>'
    note = f'<tspan class="note{strong}" dx="10">{escape(bar.note)}</tspan>' if bar.note else ""
    value = f'{bar.value:,.0f}<tspan class="note"> {escape(unit)}</tspan>{note}'
    yield f'<text class="value" x="{BARS_START + length + 10:.1f}" y="{baseline}">{value}</text>'
    yield _text(WIDTH - MARGIN, baseline, "note", bar.aside, anchor="end")


def _text(x: float, y: float, kind: str, text: str, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'
