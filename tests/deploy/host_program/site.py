"""A host for the program: a root, releases with stand-ins for the server, and the program itself as fab ships it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from deploy.host.layout import Layout
from deploy.host.processes import list_processes

STAND_INS = Path(__file__).parent / "stand_ins"
KEY = "0123456789abcdef"
WRAPPER = f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'
PATIENCE = 15.0  # seconds

Event = dict[str, Any]


class Site:
    """A host below a short path (sockets are there). ``program``: host.pyz."""

    def __init__(self, root: Path, program: Path) -> None:
        self.root = root
        self.program = program
        self.startsecs = 0  # how long supervisord waits until it takes a process for started
        self._made = 0

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "SOLO_TEST_OWNER": str(os.getpid())}

    def command(self, command: str, *words: str) -> list[str]:
        """How the program is called; without site-packages, as it needs nothing but Python."""
        return [sys.executable, "-I", "-S", str(self.program), command, str(self.root), *words]

    def start(self, command: str, *words: str, **options: Any) -> "Running":
        """Start the program."""
        return Running(self.command(command, *words), self.environment, options)

    def run(self, command: str, *words: str) -> Event:
        """Run the program to its end; return its last event. It must not write to stderr."""
        return self.start(command, *words).last()

    def activate(self, release: str, *words: str) -> Event:
        """Activate a release that is good, and say which failure it was if it was one."""
        told = self.run("activate", release, *words)
        assert told["event"] == "done", told
        return told

    def add_release(
        self,
        behaviour: str = "good",
        *,
        state: str = "good",
        revisions: tuple[str, ...] = ("1a the first tables",),
        ini: Callable[[str], str] = str,
    ) -> str:
        """Make a release as ``prepare`` would; return its name. Each is newer than the one before."""
        self._made += 1
        name = f"20270131T1200{self._made:02}Z-{self._made:012x}"
        folder = self.root / "releases" / name
        shutil.copytree(STAND_INS, folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "behaviour").write_text(behaviour)
        (folder / "supervisord.ini").write_text(ini(self._supervisord_ini()))
        (folder / "revisions").write_text("\n".join(revisions))
        revision = revisions[-1].split(" ")[0]
        manifest = {"version": "0.1.0", "commit": f"{self._made:040x}", "revision": revision}
        (folder / "release.json").write_text(json.dumps(manifest))
        (folder / "state.json").write_text(json.dumps({"state": state, "at": "2027-01-31T12:00:00Z", "reason": None}))
        (folder / "var").symlink_to("../../shared/var")
        (folder / ".venv").symlink_to(f"../../venvs/{self.add_environment()}")
        return name

    def _supervisord_ini(self) -> str:
        return (STAND_INS / "supervisord.ini").read_text().replace("startsecs=1", f"startsecs={self.startsecs}")

    def add_environment(self, key: str = KEY) -> str:
        """Make an environment that looks complete: its Python is ours."""
        binaries = self.root / "venvs" / key / "bin"
        if not binaries.exists():
            binaries.mkdir(parents=True)
            (binaries / "python").write_text(WRAPPER)
            (binaries / "python").chmod(0o755)
            (binaries.parent / ".complete").touch()
        for folder in ("run", "logs"):
            (self.root / "shared" / "var" / folder).mkdir(parents=True, exist_ok=True)
        return key

    def processes(self, group: str = "solo") -> list[dict[str, Any]]:
        """What ``status`` tells of the processes of a group."""
        told = list_processes(Layout(self.root))
        return [one for one in told if one["name"].startswith(f"{group}:")]

    def runs(self) -> list[str | None]:
        """The release of each process of the server that is ready."""
        return [one["release"] for one in self.processes() if one["ready"]]

    def state_of(self, release: str) -> dict[str, Any]:
        """The release's state.json."""
        return dict(json.loads((self.root / "releases" / release / "state.json").read_text()))

    def supervisord(self) -> int:
        """The process id of supervisord."""
        return int((self.root / "shared/var/run/supervisord.pid").read_text())

    def close(self) -> None:
        """Kill whatever runs below the root."""
        deadline = time.monotonic() + PATIENCE
        while pids := list(self.pids()):
            assert time.monotonic() < deadline, f"{pids} cannot be killed"
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)

    def pids(self) -> Iterator[int]:
        """The processes that work below the root, or were started with it on their command line; parents first."""
        for process in sorted(Path("/proc").glob("[0-9]*"), key=lambda path: int(path.name)):
            try:
                words = (process / "cmdline").read_bytes().decode(errors="replace")
                if str(self.root) in words or f"{self.root}/" in f"{(process / 'cwd').readlink()}/":
                    yield int(process.name)
            except OSError:
                continue


class Running:
    """The program while it runs. Its events are read one by one."""

    def __init__(self, command: list[str], environment: dict[str, str], options: dict[str, Any]) -> None:
        self.process = subprocess.Popen(
            command,
            env=environment,
            stdin=options.pop("stdin", subprocess.DEVNULL),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )
        self.events: list[Event] = []

    def next_event(self) -> Event | None:
        """Wait for an event; None when there are no more."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            return None
        self.events.append(json.loads(line))
        return self.events[-1]

    def until(self, text: str) -> None:
        """Wait for a step that says something."""
        while event := self.next_event():
            if text in event.get("text", ""):
                return
        raise AssertionError(f"it never said {text!r}: {self.events}")

    def last(self) -> Event:
        """Wait for the end; return the last event, with all steps in ``steps``."""
        while self.next_event():
            pass
        errors = self.process.stderr.read().decode() if self.process.stderr else ""
        status = self.process.wait(PATIENCE)
        self.close()
        assert not errors, errors
        last = self.events[-1]
        assert status == (0 if last["event"] == "done" else 1), (status, last)
        return {**last, "steps": [event["text"] for event in self.events if event["event"] == "step"]}

    def hang_up(self) -> None:
        """Read no more: what a broken connection looks like."""
        assert self.process.stdout
        self.process.stdout.close()

    def kill(self) -> None:
        """kill -9"""
        self.process.kill()
        self.process.wait()
        self.close()

    def close(self) -> None:
        """Close the pipes."""
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()


def wait_for(what: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Ask until the answer is true, and return it."""
    deadline = time.monotonic() + seconds
    while not (answer := what()):
        assert time.monotonic() < deadline, f"{what} did not come about in {seconds:g} s"
        time.sleep(0.02)
    return answer
