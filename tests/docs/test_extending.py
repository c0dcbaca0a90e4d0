"""docs/extending.md builds a feature that works: its code, its commands, its migration up and down, its lint."""

import os
import subprocess
import sys
from pathlib import Path

from tests.docs.markdown import apply_line_changes, code_blocks

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs/extending.md").read_text()


def test_feature_of_the_guide_works_as_printed(copy: Path) -> None:
    for block in code_blocks(GUIDE, "python"):
        name, _, code = block.removeprefix("# ").partition("\n")
        path = copy / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    for block in code_blocks(GUIDE, "diff"):
        apply_line_changes(copy, block)
    (copy / "flask_api/bookmarks/__init__.py").touch()
    commands = code_blocks(GUIDE, "bash")[0].splitlines()
    assert commands[-2:] == ["make test T=tests/bookmarks", "make format lint"]
    for command in [*commands, ".venv/bin/python manage.py db check", ".venv/bin/python manage.py db downgrade"]:
        run(copy, command)
    assert "drop_index" not in next((copy / "migrations/versions").glob("*bookmarks.py")).read_text()


def run(folder: Path, command: str) -> None:
    """Run a printed command in the copy, with the interpreter of these tests for its .venv."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "SOLO_", "COV"))}
    environment["SOLO_DATA_DIR"] = str(folder / "var")
    virtual = folder / ".venv"
    if not virtual.exists():
        virtual.symlink_to(Path(sys.prefix))
    for stamp in (".solo-run", ".solo-dev"):
        if not (virtual / stamp).exists():
            (virtual / stamp).touch()
        os.utime(virtual / stamp)  # newer than the copied requirements, so that make installs nothing
    result = subprocess.run(["bash", "-ec", command], cwd=folder, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"
