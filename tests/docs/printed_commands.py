"""Runs the commands that our documents print, in a copy of the project."""

import os
import subprocess
import sys
from pathlib import Path


def environment_of(folder: Path) -> dict[str, str]:
    """Return an environment in which nothing of these tests or of the developer reaches the copy."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "SOLO_", "COV", "MAKE"))
    }
    return {**kept, "SOLO_DATA_DIR": str(folder / "var"), "SOLO_PORT": "0"}


def lend_virtual_environment(folder: Path) -> None:
    """Give the copy the packages that these tests run with, so that make installs nothing."""
    virtual = folder / ".venv"
    virtual.mkdir()
    for part in Path(sys.prefix).iterdir():
        if not part.name.startswith(".solo"):
            (virtual / part.name).symlink_to(part)
    for stamp in (".solo-run", ".solo-dev"):
        (virtual / stamp).touch()  # newer than the copied requirements


def run(folder: Path, command: str) -> str:
    """Run a command in the copy and return what it printed; it must succeed."""
    result = subprocess.run(
        ["bash", "-ec", command], cwd=folder, env=environment_of(folder), capture_output=True, text=True
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"
    return result.stdout
