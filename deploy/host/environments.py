"""Virtual environments: one for each set of requirements and each Python, shared by the releases that need it.

An environment cannot be moved once it is built. So it is built in its place, and counts only with a marker in it.
"""

import hashlib
import os
import shutil
from pathlib import Path

from .events import Events, Failed
from .layout import Layout, sync_folder
from .programs import ask, last_lines, run

MARKER = ".complete"
OLDEST = (3, 11)
TOLD = ("Collecting ", "Building wheel", "Installing collected")  # pip's lines that are progress
PIP = ("-m", "pip", "install", "--no-deps", "--require-hashes", "--no-input", "--disable-pip-version-check")


def python_version(python: str, layout: Layout) -> str:
    """Return "3.11" or the like.

    Raises:
        Failed: there is no such Python, or it is too old.
    """
    asked, errors = ask([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], cwd=layout.root)
    version = asked.output.strip()
    try:
        parts = tuple(int(part) for part in version.split("."))
    except ValueError:
        raise Failed(f"{python} does not say its version", last_lines(errors)) from None
    if parts < OLDEST:
        raise Failed(f"{python} is Python {version}: this host needs 3.11 or later")
    return version


def environment_key(requirements: bytes, version: str) -> str:
    """Return the name of the environment for these requirements."""
    return hashlib.sha256(requirements + f"python {version}".encode()).hexdigest()[:16]


def is_complete(folder: Path) -> bool:
    """Whether an environment was built to its end, and its Python is still on this host."""
    return (folder / MARKER).is_file() and (folder / "bin" / "python").exists()


def build_environment(layout: Layout, requirements: Path, python: str, events: Events, lock: int) -> Path:
    """Return the environment for a requirements file; built with pip unless it is there.

    Raises:
        Failed: it cannot be built; the log says what pip said. Nothing of it is left.
    """
    key = environment_key(requirements.read_bytes(), python_version(python, layout))
    folder = layout.environments / key
    if is_complete(folder):
        events.step(f"environment {key} is there")
        return folder
    events.step(f"building environment {key}")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        _build(folder, requirements, python, events, lock)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def remove_environment(folder: Path) -> None:
    """Remove an environment; from its first moment on it does not count any more."""
    (folder / MARKER).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _build(folder: Path, requirements: Path, python: str, events: Events, lock: int) -> None:
    def tell(line: str) -> None:
        if line.startswith(TOLD):
            events.step(line.partition(" (from ")[0][:120])

    made = run([python, "-m", "venv", folder], cwd=folder.parent, lock=lock)
    if made.status:
        raise Failed(f"{python} -m venv failed (on Debian it needs the package python3-venv)", made.last_lines)
    installed = run([folder / "bin" / "python", *PIP, "-r", requirements], cwd=folder, lock=lock, on_line=tell)
    if installed.status:
        raise Failed("the requirements do not install", installed.last_lines)
    os.sync()  # a power cut must not leave the marker, and the packages empty
    (folder / MARKER).touch()
    sync_folder(folder)
