"""``geo rebuild`` and ``hot rebuild`` as an operator meets them."""

import re

import pytest

from tests.cli.conftest import Manage


@pytest.mark.parametrize(("command", "unit"), [("geo", "places"), ("hot", "visits and likes")])
def test_what_redis_keeps_is_made_anew_and_said_to_be(migrated_manage: Manage, command: str, unit: str) -> None:
    done = migrated_manage(command, "rebuild")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(rf"0 {unit} in [0-9.]+ s\.\n", done.stdout)
