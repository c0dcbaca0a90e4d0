"""``prune``: what no deployment, rollback or process needs any more. Says nothing against keeping too much."""

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from .environments import remove_environment
from .events import Events
from .layout import RELEASE_NAME, Layout
from .processes import PROC, working_directory
from .releases import FAILED, Release, current_name, good_releases, list_releases
from .supervisor import NotRunning, ShuttingDown, Supervisor

KEPT_FAILED = 3
DEAD_AFTER = 3600.0  # seconds. An archive or a tool that is younger may be on its way in


def prune(layout: Layout, *, keep: int, events: Events, now: float) -> dict[str, Any]:
    """Remove old releases, environments that none of the others needs, and what was left half made.

    Kept are the ``keep`` good releases that were last seen to work, the newest failed ones, ``current``, what to roll
    back to, what is newer than ``current``, and whatever a process runs from.
    """
    _remove_unfinished(layout)
    releases = list_releases(layout)
    used = _used_by_processes(layout)
    if used is None:
        events.step("some processes are out of sight: no release is removed")
        gone = []
    else:
        kept = _kept(releases, current_name(layout), keep)
        gone = [release for release in releases if release.name not in kept and release.folder not in used]
    for release in gone:
        events.step(f"removing release {release.name}")
        release.folder.rename(release.folder.with_name(f".{release.name}.removed"))
    _remove_unfinished(layout)
    environments = [] if used is None else _remove_environments(layout, used, events)
    for folder, pattern in ((layout.incoming, "*"), (layout.tools, "host-*")):
        _remove_old_files(folder, pattern, now)
    left = [release.name for release in list_releases(layout)]
    return {"removed": [release.name for release in gone], "environments": environments, "kept": left}


def _kept(releases: list[Release], current: str | None, keep: int) -> set[str]:
    """Return the names to keep; ``releases`` has the newest first."""
    good = [release.name for release in good_releases(releases)]
    failed = [release.name for release in releases if release.state == FAILED]
    kept = {*good[: max(keep, 1)], *failed[:KEPT_FAILED]}
    if current is None:  # nothing was activated yet: who knows what for they are
        return {release.name for release in releases}
    others = [name for name in good if name != current]
    older = [name for name in others if name < current]
    return {current, *kept, *others[:1], *older[:1], *(release.name for release in releases if release.name > current)}


def _used_by_processes(layout: Layout) -> set[Path] | None:
    """Return the releases and environments that processes run from; None when one of ours cannot be looked at."""
    used: set[Path] = set()
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            used |= _used_by(layout, entry)
    supervisor = Supervisor(layout)
    try:
        pids = [supervisor.pid(), *(info.pid for info in supervisor.processes() if info.pid)]
    except NotRunning:
        return used
    except ShuttingDown:
        return None
    return used if all(working_directory(pid) for pid in pids) else None


def _used_by(layout: Layout, process: Path) -> set[Path]:
    paths: list[str] = []
    with suppress(OSError):  # it has ended, or is another user's
        paths.append(os.readlink(process / "cwd"))
    with suppress(OSError):
        words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
        paths += [os.path.realpath(os.path.dirname(word)) for word in words if word.startswith("/")]
    tops = (layout.releases, layout.environments)
    return {found for path in paths for top in tops if (found := _below(top, path))}


def _below(top: Path, path: str) -> Path | None:
    """Return the folder right below ``top`` in which a path lies."""
    if not path.startswith(f"{top}/"):
        return None
    return top / path.removeprefix(f"{top}/").partition("/")[0]


def _remove_unfinished(layout: Layout) -> None:
    for entry in layout.releases.iterdir():
        if entry.name.startswith(".") and RELEASE_NAME.fullmatch(entry.stem.removeprefix(".")):
            shutil.rmtree(entry, ignore_errors=True)


def _remove_environments(layout: Layout, used: set[Path], events: Events) -> list[str]:
    needed = {release.environment for release in list_releases(layout)} | used
    removed = []
    for folder in layout.environments.iterdir():
        if folder not in needed and folder.is_dir():
            events.step(f"removing environment {folder.name}")
            remove_environment(folder)
            removed.append(folder.name)
    return removed


def _remove_old_files(folder: Path, pattern: str, now: float) -> None:
    own = Path(sys.argv[0]).name
    for path in folder.glob(pattern):
        if path.name != own and path.is_file() and now - path.stat().st_mtime > DEAD_AFTER:
            path.unlink(missing_ok=True)
