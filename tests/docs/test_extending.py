"""docs/extending.md builds a feature that works: its code, its commands, its migration up and down, its lint."""

from pathlib import Path

import pytest

from tests.docs.markdown import apply_line_changes, code_blocks
from tests.docs.printed_commands import lend_virtual_environment, run

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs/extending.md").read_text()


@pytest.mark.long
@pytest.mark.timeout(600)
def test_feature_of_the_guide_works_as_printed(copy: Path) -> None:
    for block in code_blocks(GUIDE, "python"):
        name, _, code = block.removeprefix("# ").partition("\n")
        path = copy / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    for block in code_blocks(GUIDE, "diff"):
        apply_line_changes(copy, block)
    (copy / "flask_api/bookmarks/__init__.py").touch()
    lend_virtual_environment(copy)
    commands = code_blocks(GUIDE, "bash")[0].splitlines()
    assert commands[-2:] == ["make test T=tests/bookmarks", "make format lint"]
    for command in [*commands, ".venv/bin/python manage.py db check", ".venv/bin/python manage.py db downgrade"]:
        run(copy, command)
    assert "drop_index" not in next((copy / "migrations/versions").glob("*bookmarks.py")).read_text()
