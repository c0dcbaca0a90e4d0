"""Reads code out of our own Markdown."""

import re
from pathlib import Path


def code_blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def console_steps(block: str) -> list[tuple[str, str]]:
    """Return the commands of a console block (``$ command``), each with the output that is printed under it."""
    steps: list[tuple[str, str]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            steps.append((line.removeprefix("$ "), ""))
        else:
            command, output = steps[-1]
            steps[-1] = (command, f"{output}\n{line}".strip())
    return steps


def apply_line_changes(folder: Path, block: str) -> None:
    """Apply a block of ``-`` and ``+`` lines to the file that its header names.

    Lines taken away must be there (the first such line counts); lines put in follow the place of the line taken away,
    and go to the top of our imports when none was.
    """
    header, _, *changes = block.splitlines()
    path = folder / header.removeprefix("--- ")
    lines = path.read_text().splitlines()
    place = next((number for number, line in enumerate(lines) if line.startswith("from flask_api")), 0)
    for change in changes:
        if change.startswith("-"):
            place = lines.index(change[1:])
            del lines[place]
        else:
            lines.insert(place, change[1:])
            place += 1
    path.write_text("\n".join(lines) + "\n")
