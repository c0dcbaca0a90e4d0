"""The README does what it says: its walk is walked, its example is built."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.markdown import code_blocks
from tests.docs.printed_walk import walk_with_curl

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def test_walk_with_curl_answers_what_is_printed(tmp_path: Path) -> None:
    assert walk_with_curl(code_blocks(README, "console")[0], tmp_path) == 11


@pytest.mark.long
def test_five_minute_endpoint_passes_its_test(copy: Path) -> None:
    blocks = [block for block in code_blocks(README, "python") if block.startswith("# ")]
    assert len(blocks) == 4
    for block in blocks:
        name, _, code = block.removeprefix("# ").partition("\n")
        with (copy / name).open("a") as file:
            file.write(f"\n\n{code}")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/blog/test_reading_time.py"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "COV"))}
    run = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
    assert "2 passed" in run.stdout


def test_readme_says_the_same_in_chinese() -> None:
    chinese = (ROOT / "README.zh-CN.md").read_text()
    for language in ("console", "python"):
        assert code_blocks(chinese, language) == code_blocks(README, language)
    headings = re.compile(r"^#+", re.MULTILINE)
    assert headings.findall(chinese) == headings.findall(README)


def test_every_setting_the_readme_names_exists() -> None:
    from flask_api.settings import Settings

    named = set(re.findall(r"SOLO_([A-Z_]+)", README)) - {""}
    assert {name.lower() for name in named} <= set(Settings.model_fields)


def test_every_make_goal_the_readme_names_exists() -> None:
    goals = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+(?:-[a-z]+)*)", README)) - {"sense"} <= goals
