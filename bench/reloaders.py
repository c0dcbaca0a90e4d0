"""Who reloads code: ours and its peers, each at work on its own copy of the project."""

import http.client
import json
import os
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.processes import START_SECONDS, DidNotStartError, Program, free_port
from tests.services.project_copy import copy_project

EDITED = "flask_api/system/services.py"
SENTENCE = re.compile(r"^    alive: bool = True$", re.MULTILINE)
PATH = "/api/v1/health/live"  # answers what that sentence says
SEEN_WITHIN = 30.0
ASK_EVERY = 0.004  # seconds


class NotReloadedError(Exception):
    """A change was not served in time."""


@dataclass(frozen=True)
class Contender:
    """A program that serves the app and reloads it; ``arguments`` are python's, with ``{port}`` filled in."""

    name: str
    title: str
    arguments: str


OURS = Contender("ours", "hot_deploy.py", "hot_deploy.py --port {port}")
COLD = Contender("cold", "hot_deploy.py --cold", "hot_deploy.py --port {port} --cold")
GUNICORN = Contender(
    "gunicorn",
    "gunicorn --reload",
    "-m gunicorn --reload --worker-class gthread --threads 6 --bind 127.0.0.1:{port} flask_api.wsgi:make_app()",
)
UVICORN = Contender(
    "uvicorn",
    "uvicorn --reload",
    "-m uvicorn --reload --interface wsgi --factory --port {port} --no-access-log flask_api.wsgi:make_app",
)
CONTENDERS = (OURS, COLD, GUNICORN, UVICORN)


def environment(project: Path) -> dict[str, str]:
    """Return what processes in a copy see: nothing of the caller's settings, and compiled files as anywhere."""
    ours = ("SOLO_", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PYTHONPATH": str(project)}


class Reloading(Program):
    """A contender at work on a folder, which becomes a copy of the project; the with block stops it."""

    stop_seconds = 10

    def __init__(self, contender: Contender, folder: Path) -> None:
        """Copy the project; nothing runs before the with block."""
        port = free_port()
        command = [sys.executable, *contender.arguments.format(port=port).split()]
        super().__init__(
            contender.name, command, port=port, log=folder / "bench.log", env=environment(folder), folder=folder
        )
        self.contender, self.project, self._served = contender, folder, True
        copy_project(folder)
        self._original = (folder / EDITED).read_text()

    def _wait_until_ready(self) -> None:
        try:
            self._wait_until_served(START_SECONDS)
        except NotReloadedError:
            raise DidNotStartError(f"{self.name} did not start:\n{self.log_tail()}") from None

    def edit(self) -> float:
        """Change the code and return the seconds until a new connection was served by it.

        Raises:
            NotReloadedError: that did not come.
        """
        self._served = not self._served
        began = time.perf_counter()
        (self.project / EDITED).write_text(self._text())
        self._wait_until_served(SEEN_WITHIN)
        return time.perf_counter() - began

    def spoil(self, line: str) -> None:
        """Change the code to what does not start, by this line."""
        (self.project / EDITED).write_text(f"{self._text()}\n{line}\n")

    def _text(self) -> str:
        return SENTENCE.sub(f"    alive: bool = {self._served}", self._original)

    def _wait_until_served(self, seconds: float) -> None:
        """Ask, on a new connection each time, until the answer is what it shall be."""
        deadline = time.perf_counter() + seconds
        while self._ask() is not self._served:
            if time.perf_counter() > deadline:
                raise NotReloadedError(f"{self.contender.name} did not serve a change:\n{self.log_tail()}")
            time.sleep(ASK_EVERY)

    def _ask(self) -> bool | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SEEN_WITHIN)
        try:
            connection.request("GET", PATH, headers={"Connection": "close"})
            return bool(json.loads(connection.getresponse().read())["data"]["alive"])
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            return None  # some refuse connections while they change over
        finally:
            connection.close()
