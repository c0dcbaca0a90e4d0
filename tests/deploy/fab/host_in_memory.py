"""A host without a machine: what fab can see of the program on a host, with failures where a test wants them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from deploy.errors import HostError, Unreachable
from deploy.hosts import Host
from deploy.target import Say, say_nothing

PROCESSES = ("solo:solo_0", "solo:solo_1")
Trouble = Callable[["HostInMemory"], None]


class HostInMemory:
    """Follows deploy.target.Target. ``calls`` is shared by the hosts of a site, in the order in which they came.

    ``troubles`` maps a step to what happens in its midst: "lock", "upload", "prepare", or "activate 2" for the second
    time that this host activates something.
    """

    def __init__(self, name: str, calls: list[tuple[str, ...]]) -> None:
        self.host = Host(name, f"solo@{name}")
        self.calls = calls
        self.releases: dict[str, dict[str, Any]] = {}
        self.current: str | None = None
        self.runs: dict[str, str] = {}
        self.database: dict[str, Any] = {"current": "aaa1", "downgrade": []}
        self.troubles: dict[str, Trouble] = {}
        self.locked_by = ""
        self.is_reachable = True
        self.has_broken = False
        self.environments: set[bytes] = set()
        self.is_open = self.is_set_up = False
        self._counts: dict[str, int] = {}
        self._holds = False

    @property
    def name(self) -> str:
        return self.host.name

    @property
    def holds_lock(self) -> bool:
        return self.is_open and self._holds

    def have(
        self, release: str, state: str = "good", *, at: str = "", revision: str = "aaa1", commit: str = ""
    ) -> None:
        """Install a release, as an earlier deployment did."""
        commit = commit or release.partition("-")[2].removesuffix("-dirty").ljust(40, "0")
        told = {"name": release, "state": state, "at": release, "reason": None, "version": "1.0"}
        self.releases[release] = {**told, "commit": commit, "revision": revision}

    def serve(self, release: str) -> None:
        """Make it current, and have all processes run it."""
        self.current, self.runs = release, dict.fromkeys(PROCESSES, release)

    def open(self, *, create: bool) -> None:
        self._note("open")
        if not self.is_reachable:
            raise Unreachable(self.name, "no answer")
        self._trouble("open")
        self.is_open, self.is_set_up = True, self.is_set_up or create or bool(self.releases)

    def close(self) -> None:
        self.unlock()
        self.is_open = False

    def upload(self, path: Path, say: Say = say_nothing) -> str:
        self._note("upload", path.name)
        self._trouble("upload")
        return f"{self.host.root}/incoming/{path.name}"

    def has_environment(self, requirements: bytes) -> bool:
        return requirements in self.environments

    def lock(self, owner: str) -> None:
        self._note("lock")
        if self.locked_by not in ("", owner):
            raise HostError(self.name, f"locked by {self.locked_by}")
        self._trouble("lock")
        self._holds, self.locked_by = True, owner

    def unlock(self) -> None:
        if self._holds:
            self._note("unlock")
            self._holds, self.locked_by = False, ""
            self._trouble("unlock")

    def run(self, command: str, *arguments: str, say: Say = say_nothing) -> dict[str, Any]:
        if not self.is_open:
            raise Unreachable(self.name, "the connection is gone")
        self._note(command, *arguments)
        return dict(getattr(self, f"_{command}")(*arguments))

    def lose_connection(self, *, for_good: bool = False) -> None:
        """As a cable that is pulled, and perhaps plugged in again."""
        self.is_open = self._holds = False
        self.is_reachable, self.has_broken = not for_good, True
        raise Unreachable(self.name, "the connection broke")

    def fail(self) -> None:
        """As a process that does not come up."""
        raise HostError(self.name, "solo:solo_0 is not ready", "Traceback\nRuntimeError: broken on purpose")

    def _status(self) -> dict[str, Any]:
        self._trouble("status")
        ready = [{"name": name, "state": "RUNNING", "ready": True, "release": run} for name, run in self.runs.items()]
        lock = {"owner": self.locked_by, "since": "now"} if self.locked_by else None
        return {
            "current": self.current,
            "releases": list(self.releases.values()),
            "processes": ready,
            "lock": lock,
            "disk_free": 5_000_000_000,
        }

    def _database(self, _release: str) -> dict[str, Any]:
        self._trouble("database")
        return self.database

    def _prepare(self, release: str, _archive: str, _sum: str, *_python: str) -> dict[str, Any]:
        self._trouble("prepare")
        self.have(release, "prepared", revision="aaa2")
        return {}

    def _migrate(self, release: str) -> dict[str, Any]:
        self._trouble("migrate")
        before, self.database = self.database["current"], {"current": self.releases[release]["revision"]}
        return {"from": before, "to": self.database["current"]}

    def _activate(self, release: str, *_timeout: str) -> dict[str, Any]:
        assert release in self.releases, f"{self.name} has no {release}"
        self.current = release
        self.runs = {**dict.fromkeys(PROCESSES, release), **dict(list(self.runs.items())[1:])}
        self._trouble("activate")  # in the midst: one process is exchanged, the other is not
        self.serve(release)
        return {}

    def _mark(self, release: str, state: str, *reason: str) -> dict[str, Any]:
        self._trouble("mark")
        self.releases[release] |= {"state": state, "at": f"marked {len(self.calls):04}"}
        if reason:
            self.releases[release]["reason"] = reason[0].removeprefix("--reason=")
        return {}

    def _prune(self, *_keep: str) -> dict[str, Any]:
        self._trouble("prune")
        return {"removed": []}

    def _note(self, *words: str) -> None:
        self.calls.append((self.name, *words))

    def _trouble(self, step: str) -> None:
        self._counts[step] = self._counts.get(step, 0) + 1
        for name in (step, f"{step} {self._counts[step]}"):
            if name in self.troubles:
                self.troubles[name](self)
