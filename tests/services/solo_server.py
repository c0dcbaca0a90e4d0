"""The real server in a process of its own."""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.services.process import UNLIMITED, Running, die_with_parent

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30.0  # seconds


class SoloServer(Running):
    """Runs ``tornado_server.py`` on any free port; ``address`` is its URL.

    Args:
        data_dir: where it keeps its database, Redis and logs.
        settings: more settings, by the names of the environment (``SOLO_…``).
    """

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self.data_dir = data_dir
        self.settings = {"SOLO_DATA_DIR": str(data_dir), "SOLO_PORT": "0", **UNLIMITED, **settings}
        self.address = ""

    def start(self) -> None:
        """Start it and wait until it prints its address."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("SOLO_")}
        self._output = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "tornado_server.py")],
            cwd=self.data_dir.parent,
            env={**clean, **self.settings},
            stdout=self._output,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent(),
        )
        deadline = time.monotonic() + PATIENCE
        while not (found := re.search(r"Solo is ready: +(http\S+)/api/", self.printed())):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server did not start:\n{self.printed()}")
            time.sleep(0.02)
        self.address = found[1]

    def stop(self) -> int:
        """Stop it as Ctrl-C or a supervisor would and return its exit code."""
        self.process.terminate()
        code = self.process.wait(PATIENCE)
        self._output.close()
        return code

    def printed(self) -> str:
        """Return what it has printed so far."""
        self._output.seek(0)
        return self._output.read()
