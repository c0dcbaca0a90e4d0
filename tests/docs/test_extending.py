"""docs/extending.md builds a feature that works, with a migration that goes up and down."""

import os
import subprocess
import sys
from pathlib import Path

from tests.docs.markdown import code_blocks

ROOT = Path(__file__).resolve().parents[2]


def test_feature_of_the_guide_works(copy: Path) -> None:
    for block in code_blocks((ROOT / "docs/extending.md").read_text(), "python"):
        name, _, code = block.removeprefix("# ").partition("\n")
        path = copy / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # The example of api.py shows two lines; the import goes to the top, the namespace to the end.
        path.write_text(path.read_text() + "\n\n" + code if path.exists() else code)
    (copy / "flask_api/bookmarks/__init__.py").touch()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "SOLO_"))}
    environment["SOLO_DATA_DIR"] = str(copy / "var")

    def run(*command: str) -> str:
        result = subprocess.run(
            [sys.executable, *command], cwd=copy, env=environment, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    run("manage.py", "db", "upgrade")
    run("manage.py", "db", "migrate", "-m", "Bookmarks")
    run("manage.py", "db", "upgrade")
    run("manage.py", "db", "check")
    run("manage.py", "db", "downgrade")
    assert "4 passed" in run("-m", "pytest", "-p", "no:cacheprovider", "tests/bookmarks")
    run("-m", "ruff", "check", "flask_api/bookmarks", "tests/bookmarks")
    run("-m", "mypy", "-p", "flask_api.bookmarks")
