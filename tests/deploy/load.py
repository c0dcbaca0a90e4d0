"""The load that the site is under all the time: starts generator.py, and keeps what it tells."""

import json
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.services.process import Running, die_with_parent

GENERATOR = Path(__file__).with_name("generator.py")
PATIENCE = 30.0  # seconds: longer than one request may take


class Load(Running):
    """Steady requests from its start to its stop.

    Args:
        front: nginx's ``address:port``.
        options: the generator's, see ``python tests/deploy/generator.py --help``.
    """

    def __init__(self, front: str, **options: str | list[str]) -> None:
        self.figures: dict[str, Any] = {"sent": 0, "answered": 0, "failed": 0}
        self.failures: list[str] = []
        self.acknowledged: list[int] = []
        self.name = f"Load {secrets.token_hex(4)}"  # the titles of its posts begin so
        self._command = [sys.executable, str(GENERATOR), front, "--name", self.name]
        for name, value in options.items():
            for each in value if isinstance(value, list) else [value]:
                self._command += [f"--{name}", each]

    def start(self) -> None:
        """Start it; returns when the first second's requests have been sent.

        Raises:
            AssertionError: it ended at once.
        """
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, preexec_fn=die_with_parent())
        self._hearing = threading.Thread(target=self._hear, daemon=True)
        self._hearing.start()
        wait_until(lambda: self.figures["sent"] > 0 or self._process.poll() is not None, "the load has begun")
        assert self._process.poll() is None, "the load generator ended"

    def stop(self) -> None:
        """Send no more, wait for what is under way; the figures are complete then."""
        self._process.terminate()
        self._process.wait(PATIENCE)
        self._hearing.join(PATIENCE)

    def check(self) -> None:
        """See that none of all requests has failed.

        Raises:
            AssertionError: tells of the first failures.
        """
        assert not self.failures, f"{len(self.failures)} of {self.figures['sent']}:\n" + "\n".join(self.failures[:20])
        assert self.figures["answered"] == self.figures["sent"] > 0, self.figures

    def __str__(self) -> str:
        shown = self.figures | {"failed": len(self.failures)}
        return (
            "{failed} failed of {sent} requests, {writes} writes; "
            "p50 {p50} ms, p99 {p99} ms, p99.9 {p999} ms, longest {longest} ms"
        ).format(**shown)

    def seconds(self, count: float) -> None:
        """Let it go on for so long, by its own count of what it has sent."""
        wanted = self.figures["sent"] + count * 200
        wait_until(lambda: self.figures["sent"] >= wanted, "the load goes on", count * 3 + PATIENCE)

    def _hear(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            told = json.loads(line)
            self.figures = told.get("figures", self.figures)
            self.acknowledged = told.get("acknowledged", self.acknowledged)
            if "failed" in told:
                at = time.strftime("%H:%M:%S", time.localtime(told["at"]))
                self.failures.append(f"{at}.{int(told['at'] % 1 * 1000):03} {told['failed']}")


def wait_until(happened: Callable[[], Any], what: str, within: float = PATIENCE) -> Any:
    """Poll until it is true; return what it returned.

    Raises:
        AssertionError: it did not happen within so many seconds.
    """
    deadline = time.monotonic() + within
    while not (result := happened()):
        assert time.monotonic() < deadline, f"it did not happen within {within:g} s: {what}"
        time.sleep(0.02)
    return result
