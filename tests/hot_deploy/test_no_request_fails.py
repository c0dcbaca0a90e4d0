"""200 requests a second while code is edited, well and badly: each is answered. ``bench/reload.py`` does it longer."""

from urllib.parse import urlsplit

import pytest

from bench.steady_load import SteadyLoad

from .running import HotDeploy

RATE = 200  # requests a second
EDITS = 10
BROKEN = {3, 7}


@pytest.mark.long
def test_no_request_of_a_steady_load_fails(hot: HotDeploy) -> None:
    port = urlsplit(hot.address).port
    assert port is not None
    with SteadyLoad("127.0.0.1", port, "/api/v1/health/live", rate=RATE) as load:
        for number in range(EDITS):
            if number in BROKEN:
                printed = hot.change_word("broken\nline")
                hot.wait_for("SyntaxError", printed)
            else:
                printed = hot.change_word(f"edit {number}")
                hot.wait_for("→ reloaded", printed)
                assert hot.answer() == f"edit {number}"
    assert hot.server() > 0, "all that were replaced have left"
    assert load.seen.failures == {}
    assert load.seen.sent > 10 * EDITS
