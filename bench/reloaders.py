"""Who reloads code: ours and its peers, each at work on its own copy of the project."""

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.processes import ROOT, START_SECONDS, DidNotStartError, free_port

EDITED = "flask_api/system/services.py"
SENTENCE = re.compile(r"^    alive: bool = True$", re.MULTILINE)
PATH = "/api/v1/health/live"  # answers what that sentence says
SEEN_WITHIN = 30.0
ASK_EVERY = 0.004  # seconds
STOP_SECONDS = 10


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


def copy_project(folder: Path) -> None:
    """Copy what a clone of the project holds, with what is not committed yet."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


class Reloading:
    """A contender at work; the with block stops it."""

    def __init__(self, contender: Contender, folder: Path) -> None:
        """Take a folder, which becomes a copy of the project."""
        self.contender, self.project, self.port = contender, folder, free_port()
        self._log = folder / "bench.log"
        self._served = True

    def __enter__(self) -> Self:
        """Copy the project, start, and wait for the first answer."""
        copy_project(self.project)
        self._original = (self.project / EDITED).read_text()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, *self.contender.arguments.format(port=self.port).split()],
                cwd=self.project, env=environment(self.project), stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        try:
            self._wait_until_served(START_SECONDS)
        except NotReloadedError:
            self._stop()
            raise DidNotStartError(f"{self.contender.name} did not start:\n{self.log_tail()}") from None
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop it."""
        self._stop()

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

    def log_tail(self, lines: int = 15) -> str:
        """Return the end of what it wrote."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])

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

    def _stop(self) -> None:
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
