"""``manage.py appkey``."""

import re

import pytest

from tests.cli.conftest import Manage


@pytest.mark.long
def test_key_is_made_rotated_disabled_and_listed(migrated_manage: Manage) -> None:
    made = migrated_manage("appkey", "create", "Android", "--version-1", "--rate", "600")
    assert made.returncode == 0, made.stderr
    appkey, secret = re.findall(r"^(?:appkey|secret)  (\S+)$", made.stdout, re.M)
    rotated = migrated_manage("appkey", "rotate", appkey)
    assert rotated.returncode == 0, rotated.stderr
    assert appkey in rotated.stdout
    assert secret not in rotated.stdout
    assert migrated_manage("appkey", "disable", appkey).stdout == f"{appkey} is disabled.\n"
    (line,) = migrated_manage("appkey", "list").stdout.splitlines()
    assert line.startswith(appkey)
    assert "disabled" in line
    assert line.endswith("version 1 and 2, 600/min  Android")


def test_unknown_key_is_one_line(migrated_manage: Manage) -> None:
    refused = migrated_manage("appkey", "disable", "nope")
    assert (refused.returncode, refused.stderr) == (1, "Error: There is no such app key.\n")
