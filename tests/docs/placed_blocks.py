"""Command blocks that say where they run, by their first line, with what they print in a block right below."""

import re
from dataclasses import dataclass

BLOCK = re.compile(r"^```bash\n# (?P<place>as \w+ on \w+|in your clone)\n(?P<script>.*?)^```\n", re.M | re.S)
PRINTED = re.compile(r"\n```text\n(?P<text>.*?)^```\n", re.M | re.S)


@dataclass(frozen=True, slots=True)
class Block:
    """``place``: ``in your clone``, or ``as root on web1``; ``printed`` is None where the document shows no output."""

    place: str
    script: str
    printed: str | None


def placed_blocks(text: str) -> list[Block]:
    """Return the blocks of a document, in order."""
    found = []
    for match in BLOCK.finditer(text):
        printed = PRINTED.match(text, match.end())
        found.append(Block(match["place"], match["script"], printed["text"] if printed else None))
    return found


def first_difference(printed: str, actual: str) -> str | None:
    """Return the first printed line that an output does not bear out; None where it is as printed.

    ``…`` in a line stands for anything in it, alone in a line for any lines. How much white space there is does not
    matter, nor do empty lines.
    """
    lines = _lines(printed)
    text = "".join(f"{line}\n" for line in _lines(actual))
    for count in range(1, len(lines) + 1):
        if not re.match("".join(map(_pattern, lines[:count])), text):
            return lines[count - 1]
    whole = re.fullmatch("".join(map(_pattern, lines)), text)
    return None if whole else "(the end: more was printed)"


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def _pattern(line: str) -> str:
    if line == "…":
        return r"(?:.*\n)*?"
    return r"[^\n]*".join(re.escape(part) for part in line.split("…")) + r"\n"
