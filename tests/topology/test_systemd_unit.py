"""deploy/solo.service, as far as systemd's own checker tells; systemd itself does not run where the tests do."""

import getpass
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flask_api.cli.supervising import OVERTIME
from flask_api.settings import Settings

UNIT = Path(__file__).resolve().parents[2] / "deploy" / "solo.service"


def test_systemd_finds_no_fault_in_it(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    (tmp_path / "current").mkdir()
    (tmp_path / "current" / ".venv").symlink_to(sys.prefix)
    text = UNIT.read_text().replace("/srv/solo", str(tmp_path)).replace("=solo", f"={getpass.getuser()}")
    (tmp_path / "solo.service").write_text(text)
    command = ["systemd-analyze", "verify", str(tmp_path / "solo.service")]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_it_leaves_supervisord_the_time_that_processes_may_take_to_end() -> None:
    (seconds,) = (line.partition("=")[2] for line in UNIT.read_text().splitlines() if line.startswith("TimeoutStopSec"))
    assert int(seconds) > Settings.model_fields["drain_timeout"].default + OVERTIME
    assert "KillMode=mixed" in UNIT.read_text(), "TERM past supervisord would have it start them again"
