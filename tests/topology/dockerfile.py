"""Reads deploy/Dockerfile as far as the tests need it: there is no Docker where they run."""

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"


class Instruction(NamedTuple):
    """One instruction: ``COPY``, and all that follows."""

    name: str
    text: str


class Copy(NamedTuple):
    """What a COPY takes from the project, and where it puts it."""

    sources: list[str]
    target: str


def stages() -> list[list[Instruction]]:
    """The instructions of each stage; the last one is the image."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if line and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found: list[list[Instruction]] = []
    for line in joined.splitlines():
        name, _, text = line.partition(" ")
        if name == "FROM":
            found.append([])
        found[-1].append(Instruction(name, text))
    return found


def copies(stage: list[Instruction]) -> list[Copy]:
    """What a stage takes from the project; what it takes from other stages is left out."""
    words = [shlex.split(text) for name, text in stage if name == "COPY" and "--from=" not in text]
    return [Copy(parts[:-1], parts[-1]) for parts in words]


def environment(stage: list[Instruction]) -> dict[str, str]:
    """The variables that a stage sets."""
    return dict(word.split("=", 1) for name, text in stage if name == "ENV" for word in shlex.split(text))


def command(stage: list[Instruction], name: str = "CMD") -> list[str]:
    """The command of CMD or HEALTHCHECK."""
    (text,) = (instruction.text for instruction in stage if instruction.name == name)
    return [str(word) for word in json.loads(text[text.index("[") :])]


def lay_out(folder: Path) -> None:
    """Make a folder hold what the image's working directory holds of the project."""
    for sources, target in copies(stages()[-1]):
        for source in sources:
            to = folder / target / source if target.endswith("/") else folder / target
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, to)
            else:
                shutil.copy(ROOT / source, to)
