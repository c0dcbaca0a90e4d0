"""Where things lie on a host, and how files are replaced: a kill or a power cut leaves the old or the new one."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from .events import Failed

RELEASE_NAME = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9A-Za-z][0-9A-Za-z.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders below a root: releases, their environments, and what all releases share."""

    root: Path

    @property
    def releases(self) -> Path:
        """One folder a release; names with a dot are unfinished, or on their way out."""
        return self.root / "releases"

    @property
    def environments(self) -> Path:
        """One virtual environment for each set of requirements."""
        return self.root / "venvs"

    @property
    def shared(self) -> Path:
        """Settings, and ``var``: uploads, logs, sockets."""
        return self.root / "shared"

    @property
    def sockets(self) -> Path:
        """supervisord's socket and those of the processes; the same folder as ``current/var/run``."""
        return self.shared / "var" / "run"

    @property
    def logs(self) -> Path:
        """What the server and supervisord write."""
        return self.shared / "var" / "logs"

    @property
    def incoming(self) -> Path:
        """Archives that were uploaded."""
        return self.root / "incoming"

    @property
    def tools(self) -> Path:
        """Copies of this program, by their hash."""
        return self.root / "tools"

    @property
    def current(self) -> Path:
        """The link to the release that processes are started from."""
        return self.root / "current"

    def create(self) -> None:
        """Make the folders that are not there."""
        for folder in (self.releases, self.environments, self.sockets, self.logs, self.incoming, self.tools):
            folder.mkdir(parents=True, exist_ok=True)


def layout_of(root: str) -> Layout:
    """Return the layout below ``root``, an absolute path; links above it are resolved.

    Raises:
        Failed: the path is relative, or the root of the file system.
    """
    path = Path(root)
    if not path.is_absolute() or path == Path(path.anchor):
        raise Failed(f"the root must be an absolute path below /, not {root!r}")
    return Layout(path.resolve())


def check_name(name: str) -> str:
    """Return the name of a release.

    Raises:
        Failed: it is none, and so might lead out of the folder of releases.
    """
    if not RELEASE_NAME.fullmatch(name):
        raise Failed(f"{name!r} is not the name of a release, such as 20270131T115900Z-0123456789ab")
    return name


def write_whole(path: Path, text: str) -> None:
    """Replace a file: whoever reads it, whenever, finds the old text or the new one."""
    new = path.with_name(f".{path.name}.new")
    with new.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync_folder(path.parent)


def replace_link(path: Path, target: str) -> None:
    """Point a link elsewhere; there is no moment without it."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the disk know of what was renamed in a folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
