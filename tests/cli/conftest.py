"""``manage.py`` in a process of its own, over an empty data directory."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
Manage = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def manage(tmp_path: Path) -> Manage:
    """Runs manage.py with these arguments, and settings given by keyword, on SQLite and the embedded Redis."""

    def run(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SOLO_")}
        environment |= {"SOLO_DATA_DIR": str(tmp_path / "var")} | settings
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, text=True, capture_output=True, timeout=60)

    return run


@pytest.fixture
def migrated_manage(manage: Manage, migrated: str, tmp_path: Path) -> Manage:
    """The same over a database that has its tables: a copy, where there is one to copy."""
    if not migrated.startswith("sqlite"):
        assert manage("db", "upgrade").returncode == 0
        return manage
    (tmp_path / "var").mkdir()
    for file in Path(migrated.removeprefix("sqlite:///")).parent.glob("solo.db*"):
        shutil.copy(file, tmp_path / "var" / file.name)
    return manage
