"""docs/deploying.md does what it says: on an empty Debian, from its first command to its last."""

import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.docs.namespace import NamespaceMissing
from tests.docs.placed_blocks import Block, first_difference, placed_blocks
from tests.docs.upstream import COMMITS
from tests.docs.walk import SITE, Walk

PAGE = Path(__file__).resolve().parents[2] / "docs" / "deploying.md"
BLOCKS = placed_blocks(PAGE.read_text())
NEW_SETTING = "SOLO_SWAGGER_UI=true"


@pytest.fixture
def walk(copy: Path) -> Iterator[Walk]:
    try:
        with Walk(copy) as walk:
            yield walk
    except NamespaceMissing as missing:
        pytest.skip(str(missing))


@pytest.mark.deploy
@pytest.mark.timeout(900)
def test_empty_debian_becomes_a_running_site(walk: Walk) -> None:
    commits = iter(COMMITS)
    for block in BLOCKS:
        if "git pull" in block.script:
            next(commits)(walk)
        assert_does_what_is_printed(walk, block)
    assert next(commits, None) is None, "each commit was deployed"

    assert "This page is for admins" in walk.ask(f"https://{SITE}/api/"), "the changed setting is in force"
    assert_settings_are_private(walk)
    assert_bad_setting_touches_no_process(walk)
    assert walk.ask(f"http://{SITE}/api/v1/health/live", "--location", "--fail")


def assert_does_what_is_printed(walk: Walk, block: Block) -> None:
    code, output = walk.run(block)
    printed = block.printed or ""
    assert code == (1 if "Go back" in printed else 0), f"{block.script}ended with {code}:\n{output}"
    different = first_difference(printed, output) if block.printed is not None else None
    assert different is None, f"{block.script}printed:\n{output}\nThe page has a line that differs:\n{different}"


def assert_settings_are_private(walk: Walk) -> None:
    found = (walk.debian.files / "srv/solo/shared/.env").stat()
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert found.st_uid == (walk.debian.files / "srv/solo").stat().st_uid != 0


def assert_bad_setting_touches_no_process(walk: Walk) -> None:
    change = next(block for block in BLOCKS if NEW_SETTING in block.script)
    code, output = walk.run(replace(change, script=change.script.replace(NEW_SETTING, "SOLO_THREADS=many")))
    assert code == 1
    assert "SOLO_THREADS: input should be a valid integer" in output
    assert "Nothing was changed" in output
