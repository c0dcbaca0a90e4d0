"""Reads code out of our own Markdown."""

import re


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
