"""hot_deploy.py at work on a copy of the project, driven as a developer would."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import requests

from tests.services.guard import descendants
from tests.services.process import die_with_parent

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 40.0  # seconds
SERVICES = "flask_api/system/services.py"
WORD = 'OK = "ok"'  # in that file; /health/ready answers with it


def poll(condition: Callable[[], Any], what: Callable[[], str]) -> Any:
    """Wait until the condition holds and return its value."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, what()
        time.sleep(0.01)
    return found


class HotDeploy:
    """One running hot_deploy.py."""

    def __init__(self, project: Path, *arguments: str, **environment: str) -> None:
        self.project = project
        self._originals: dict[str, str | None] = {}
        self._output = tempfile.TemporaryFile()
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SOLO_", "NO_COLOR", "PYTHONPATH"))
        }
        self.process = subprocess.Popen(
            [sys.executable, str(project / "hot_deploy.py"), *arguments],
            cwd=project,
            env={**inherited, "SOLO_PORT": "0", **environment},
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            process_group=0,  # as a shell does
            preexec_fn=die_with_parent(),
        )

    def __enter__(self) -> Self:
        self.address = self.wait_for(r"Solo is ready: +(http\S+)/api/")[1]
        return self

    def __exit__(self, *_error: object) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)
        self._output.close()

    @property
    def printed(self) -> str:
        return os.pread(self._output.fileno(), 1 << 24, 0).decode()

    def wait_for(self, pattern: str, since: int = 0) -> "re.Match[str]":
        """Wait until it prints this, after so many characters."""
        return poll(lambda: re.search(pattern, self.printed[since:], re.MULTILINE), lambda: self.printed[since:])

    def write(self, path: str, text: str | None) -> int:
        """Write a file, or remove it; return how much was printed before."""
        printed = len(self.printed)
        file = self.project / path
        self.remember(path)
        if text is None:
            file.unlink()
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return printed

    def remember(self, path: str) -> None:
        """Have a file put right after the test."""
        self._originals.setdefault(path, self._text_of(path))

    def _text_of(self, path: str) -> str | None:
        file = self.project / path
        return file.read_text() if file.exists() else None

    def original(self, path: str) -> str:
        """What a file holds, or held before the test changed it."""
        return self._originals.get(path) or (self.project / path).read_text()

    def change(self, path: str, old: str, new: str) -> int:
        """Replace a part of what a file held at first."""
        text = self.original(path)
        assert old in text
        return self.write(path, text.replace(old, new))

    def change_word(self, word: str) -> int:
        """Change what ``answer`` returns."""
        return self.change(SERVICES, WORD, f'OK = "{word}"')

    def restore(self) -> None:
        """Undo all changes, and wait until that is served."""
        undone = [path for path, text in self._originals.items() if text != self._text_of(path)]
        for path in undone:
            printed = self.write(path, self._originals[path])
            self.wait_for("→ reloaded in", printed)
        self._originals.clear()
        assert self.answer() == "ok"

    def answer(self) -> str:
        """What a new client is told."""
        return str(requests.get(f"{self.address}/api/v1/health/ready", timeout=PATIENCE).json()["data"]["database"])

    def processes(self) -> list[int]:
        return descendants(self.process.pid)

    def launcher(self) -> int:
        """The process that starts the servers."""
        (launcher,) = [pid for pid in self.processes() if parent_of(pid) == self.process.pid]
        return launcher

    def servers(self) -> list[int]:
        """All that serve, start or drain."""
        launcher = self.launcher()
        return [pid for pid in self.processes() if parent_of(pid) == launcher]

    def server(self) -> int:
        """The one that serves, once no other drains."""
        return int(poll(lambda: len(found := self.servers()) == 1 and found[0], lambda: str(self.servers())))

    def press_ctrl_c(self) -> int:
        """What a terminal does; returns the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(PATIENCE)


def parent_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def is_running(pid: int) -> bool:
    """Whether it runs; one that has ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
