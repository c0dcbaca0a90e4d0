"""``make run`` as the README prints it: twice, each ended by Ctrl-C, with nothing lost in between."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
import requests

from tests.docs.printed_commands import environment_of, lend_virtual_environment, run
from tests.services.process import die_with_parent

PATIENCE = 60.0  # seconds


@pytest.mark.long
def test_make_run_serves_and_ctrl_c_loses_nothing(copy: Path) -> None:
    lend_virtual_environment(copy)
    api, server = start(copy)
    phone = {"phone": "13800138000"}
    code = requests.post(f"{api}/auth/sms-codes", json=phone, timeout=5).json()["data"]["code"]
    login = requests.post(f"{api}/auth/sms-login", json={**phone, "code": code}, timeout=5).json()["data"]
    press_ctrl_c(server)

    api, server = start(copy)
    me = requests.get(f"{api}/users/me", headers={"token": login["token"]}, timeout=5)
    assert me.status_code == 200, "the token and the account are there after a restart"
    assert "created" in run(copy, ".venv/bin/python manage.py create-admin 13800138001 --password 'correct horse'")
    press_ctrl_c(server)
    assert not list((copy / "var" / "redis").glob("*.sock")), "the embedded Redis went with the server"


def start(folder: Path) -> tuple[str, "subprocess.Popen[str]"]:
    output = (folder / "printed.txt").open("w")
    server = subprocess.Popen(
        ["make", "run"],
        cwd=folder,
        env=environment_of(folder),
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=die_with_parent(),
        process_group=0,
    )
    deadline = time.monotonic() + PATIENCE
    while not (found := re.search(r"(http://localhost:\d+)/api/", (folder / "printed.txt").read_text())):
        assert server.poll() is None, (folder / "printed.txt").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return f"{found[1]}/api/v1", server


def press_ctrl_c(server: "subprocess.Popen[str]") -> None:
    """A terminal sends the signal to make and to the server alike."""
    os.killpg(server.pid, signal.SIGINT)
    server.wait(PATIENCE)
