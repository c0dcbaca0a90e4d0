"""The vendors' packages are imported when the settings choose them, and the start says if they are not there."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from flask_api.settings import ROOT, Settings, SettingsError
from tests.conftest import make_settings
from tests.sms.vendors import VENDORS, Vendor

CREATE = """
import json, sys
from pathlib import Path
from flask_api import create_app
from flask_api.settings import SettingsError, load_settings
here = Path.cwd()
create_app(load_settings(here, data_dir=here))
vendors = ("twilio", "alibabacloud_dysmsapi20170525", "darabonba", "aiohttp")
said = [name for name in vendors if name in sys.modules]
for name in vendors:
    sys.modules[name] = None  # as if it were not installed
for told in json.loads(sys.argv[1]):
    try:
        create_app(load_settings(here, data_dir=here, **told))
    except SettingsError as error:
        said.append(str(error))
print(json.dumps(said))
"""


def test_vendors_packages_are_extras(tmp_path: Path) -> None:
    told = json.dumps([vendor.settings for vendor in VENDORS])
    command = [sys.executable, "-c", CREATE, told]
    run = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    advice = "needs packages that are not installed: pip install -r requirements-providers.txt"
    expected = [f"SOLO_SMS_PROVIDER: {vendor.name} {advice}" for vendor in VENDORS]
    assert json.loads(run.stdout or "[]") == expected, run.stderr


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
def test_half_of_a_vendors_settings_stops_the_start_naming_the_one_that_lacks(vendor: Vendor, tmp_path: Path) -> None:
    for missing in vendor.settings.keys() - {"sms_provider"}:
        told = {**vendor.settings, missing: ""}
        with pytest.raises(SettingsError, match=f"SOLO_{missing.upper()} is missing"):
            make_settings(tmp_path, **told)
    assert isinstance(make_settings(tmp_path, **vendor.settings), Settings)
