"""docs/providers.md: its walk is walked, and the settings it names exist."""

import re
from pathlib import Path

from flask_api.settings import Settings
from tests.docs.markdown import code_blocks
from tests.docs.printed_walk import walk_with_curl
from tests.uploads.sending import photo

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "providers.md").read_text()


def test_newcomer_sees_a_thumbnail_and_has_a_mail_in_the_outbox(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(photo(size=(4000, 3000)))
    [block] = code_blocks(PAGE, "console")
    assert walk_with_curl(block, tmp_path) == 16
    assert (tmp_path / "thumbnail.jpg").read_bytes().startswith(b"\xff\xd8")


def test_every_setting_the_page_names_exists() -> None:
    named = {name.lower() for name in re.findall(r"SOLO_([A-Z0-9_]*[A-Z0-9])", PAGE)}
    assert named <= set(Settings.model_fields)
    assert len(named) > 30
