"""The same app under other WSGI servers, by the commands of docs/deploying.md."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.services.process import die_with_parent, free_port

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "deploying.md"
PATIENCE = 30.0


def documented(server: str) -> list[str]:
    """The command that the document gives for this server."""
    found = re.search(rf"^\.venv/bin/(gunicorn .*--worker-class {server} .*)$", DOCUMENT.read_text(), re.MULTILINE)
    assert found, f"docs/deploying.md has no command for {server}"
    return found[1].replace("'", "").split()


@pytest.fixture(params=["gthread", "gevent"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    port = free_port()
    command = [re.sub(r":8000\Z", f":{port}", part) for part in documented(request.param)]
    assert command != documented(request.param)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SOLO_")}
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name(command[0])), *command[1:]],
        cwd=ROOT,
        env={**clean, "SOLO_DATA_DIR": str(tmp_path / "var")},
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent(),
    )
    url = f"http://localhost:{port}"
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            requests.get(f"{url}/api/v1/health/live", timeout=5)
            break
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.05)
    yield url
    process.terminate()
    assert process.wait(PATIENCE) == 0


@pytest.mark.long
def test_other_server_hosts_the_same_app(address: str) -> None:
    api = f"{address}/api/v1"
    ready = requests.get(f"{api}/health/ready", timeout=10).json()["data"]
    assert (ready["database"], ready["redis"], ready["migration"]) == ("ok", "ok", "ok")
    phone = {"phone": "13800138000"}
    code = requests.post(f"{api}/auth/sms-codes", json=phone, timeout=10).json()["data"]["code"]
    login = requests.post(f"{api}/auth/sms-login", json={**phone, "code": code}, timeout=10).json()
    headers = {"token": login["data"]["token"], "X-Request-ID": "mine"}
    for _ in range(20):  # all of its processes know the token
        me = requests.get(f"{api}/users/me", headers=headers, timeout=10)
        assert me.json()["data"]["phone"] == "+8613800138000"
        assert me.headers["X-Request-ID"] == "mine"
    missing = requests.get(f"{address}/nowhere", timeout=10)
    assert (missing.status_code, missing.json()["status"]) == (404, "NOT_FOUND")
