"""Walks what a page shows with ``curl``, and compares what is printed."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs.markdown import console_steps
from tests.services.solo_server import SoloServer


def walk_with_curl(block: str, folder: Path) -> int:
    """Run a console block in ``folder`` against a server as ``make run`` starts it; return how many commands it has.

    An ``…`` on the page stands for anything.
    """
    if shutil.which("curl") is None:
        pytest.skip("curl is missing: apt-get install curl")
    steps = console_steps(block)
    with SoloServer(folder / "var") as server:
        script = "\n".join(f"{command}\necho ---" for command, _ in steps)
        script = script.replace("http://localhost:5000", server.address)
        run = subprocess.run(["bash", "-ec", script], cwd=folder, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    for (command, expected), actual in zip(steps, run.stdout.split("---\n"), strict=False):
        pattern = ".*".join(re.escape(part) for part in expected.split("…"))
        assert re.fullmatch(pattern, actual.strip()), f"{command}\nprinted {actual}\nthe page says {expected}"
    return len(steps)
