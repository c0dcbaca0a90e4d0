"""What the program on a host answers, typed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

GOOD, FAILED, PREPARED = "good", "failed", "prepared"


@dataclass(frozen=True, slots=True)
class InstalledRelease:
    """A release on a host. ``at``: when it came into its state, ISO 8601; ``revision``: what its code expects."""

    name: str
    state: str
    at: str
    reason: str
    version: str
    commit: str
    revision: str

    @property
    def is_dirty(self) -> bool:
        return self.name.endswith("-dirty")


@dataclass(frozen=True, slots=True)
class Process:
    """A process under supervisord, whose word ``state`` is. ``uptime`` in seconds; ``problem``: why it is not ready."""

    name: str
    state: str
    pid: int | None
    uptime: float | None
    ready: bool
    release: str
    problem: str


@dataclass(frozen=True, slots=True)
class Status:
    """A host as it is now. ``disk_free`` in bytes, None where nobody knows."""

    current: str | None
    releases: tuple[InstalledRelease, ...]
    processes: tuple[Process, ...]
    lock_owner: str
    locked_since: str
    disk_free: int | None

    def release(self, name: str | None) -> InstalledRelease | None:
        """Return the release of that name, None where there is none."""
        return next((release for release in self.releases if release.name == name), None)

    @property
    def running(self) -> InstalledRelease | None:
        """The release that ``current`` leads to."""
        return self.release(self.current)


NOTHING_YET = Status(None, (), (), "", "", None)


def read_status(result: Mapping[str, Any]) -> Status:
    """Return the answer of ``status``."""
    lock = result.get("lock") or {}
    return Status(
        current=result.get("current"),
        releases=tuple(_release(found) for found in result.get("releases") or []),
        processes=tuple(_process(found) for found in result.get("processes") or []),
        lock_owner=_text(lock, "owner"),
        locked_since=_text(lock, "since"),
        disk_free=result.get("disk_free"),
    )


def _release(found: Mapping[str, Any]) -> InstalledRelease:
    names = ("name", "state", "at", "reason", "version", "commit", "revision")
    return InstalledRelease(**{name: _text(found, name) for name in names})


def _process(found: Mapping[str, Any]) -> Process:
    return Process(
        name=_text(found, "name"),
        state=_text(found, "state"),
        pid=found.get("pid") or None,
        uptime=found.get("uptime"),
        ready=bool(found.get("ready")),
        release=_text(found, "release"),
        problem=_text(found, "problem"),
    )


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return "" if value is None else str(value)
