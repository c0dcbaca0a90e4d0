"""Releases on a host: what each is, what became of it, and which one is current."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .environments import is_complete
from .events import Failed
from .layout import RELEASE_NAME, Layout, check_name, replace_link, write_whole
from .locks import now

PREPARED, GOOD, FAILED, UNKNOWN = "prepared", "good", "failed", "unknown"
MANIFEST, STATE = "release.json", "state.json"


@dataclass(frozen=True, slots=True)
class Release:
    """A release, prepared to the end: the folder has its name only then."""

    folder: Path

    @property
    def name(self) -> str:
        """When it was made, and of which commit; sorts by time."""
        return self.folder.name

    @property
    def manifest(self) -> dict[str, Any]:
        """What the archive says of itself: version, commit, revision …; empty when it says nothing."""
        return _read_json(self.folder / MANIFEST)

    @property
    def revision(self) -> str | None:
        """The revision of the database it was written for."""
        return self.manifest.get("revision")

    @property
    def state(self) -> str:
        """``prepared``, ``good`` or ``failed``."""
        return str(self.state_file.get("state", UNKNOWN))

    @property
    def state_file(self) -> dict[str, Any]:
        """The state, since when (``at``), and why (``reason``)."""
        return _read_json(self.folder / STATE)

    @property
    def environment(self) -> Path:
        """The virtual environment it runs in."""
        return (self.folder / ".venv").resolve()

    @property
    def python(self) -> Path:
        """The interpreter, by a path that does not change its meaning when ``current`` does."""
        return self.environment / "bin" / "python"

    def as_told(self) -> dict[str, Any]:
        """What ``status`` tells of it."""
        manifest, state = self.manifest, self.state_file
        return {
            "name": self.name,
            "state": self.state,
            "at": state.get("at"),
            "reason": state.get("reason"),
            "version": manifest.get("version"),
            "commit": manifest.get("commit"),
            "revision": manifest.get("revision"),
        }


def write_state(folder: Path, state: str, reason: str | None = None, **more: str) -> None:
    """Write what became of a release; ``more`` stays when the state changes."""
    kept = {name: value for name, value in _read_json(folder / STATE).items() if name not in ("state", "at", "reason")}
    text = json.dumps({"state": state, "at": now(), "reason": reason, **kept, **more})
    write_whole(folder / STATE, text)


def list_releases(layout: Layout) -> list[Release]:
    """Return the releases of a host, the newest first."""
    if not layout.releases.is_dir():
        return []
    names = [entry.name for entry in os.scandir(layout.releases) if entry.is_dir(follow_symlinks=False)]
    return [Release(layout.releases / name) for name in sorted(names, reverse=True) if RELEASE_NAME.fullmatch(name)]


def good_releases(releases: list[Release]) -> list[Release]:
    """Return the good ones, the last that was seen to work first: that is not always the newest."""
    good = [release for release in releases if release.state == GOOD]
    return sorted(good, key=lambda release: (release.state_file.get("at") or "", release.name), reverse=True)


def find_release(layout: Layout, name: str) -> Release:
    """Return a release that can run.

    Raises:
        Failed: it is not on this host, or its environment is not.
    """
    release = Release(layout.releases / check_name(name))
    if not release.folder.is_dir():
        raise Failed(f"release {name} is not on this host")
    if not is_complete(release.environment):
        raise Failed(f"release {name} has no environment on this host: prepare it again")
    return release


def current_name(layout: Layout) -> str | None:
    """Return the name of the current release; None when there is none, or the link leads to nothing."""
    try:
        name = Path(layout.current.readlink()).name
    except OSError:
        return None
    return name if (layout.releases / name).is_dir() else None


def make_current(layout: Layout, release: Release) -> None:
    """Have processes start from a release from now on.

    Raises:
        Failed: ``current`` is no link, so it is not ours to replace.
    """
    if layout.current.exists() and not layout.current.is_symlink():
        raise Failed(f"{layout.current} is not a link: move it away")
    replace_link(layout.current, f"releases/{release.name}")


def mark(layout: Layout, name: str, state: str, reason: str | None) -> dict[str, Any]:
    """Write down what became of a release.

    Raises:
        Failed: it is not on this host.
    """
    release = Release(layout.releases / check_name(name))
    if not release.folder.is_dir():
        raise Failed(f"release {name} is not on this host")
    write_state(release.folder, state, reason)
    return {"release": name, "state": state}


def _read_json(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return dict(told) if isinstance(told, Mapping) else {}
