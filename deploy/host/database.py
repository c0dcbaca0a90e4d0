"""The database of the releases: bringing it up to one, and what it would take to bring it down to one.

All of it by ``manage.py db``, so by the code of a release: Flask-Migrate's commands, whose output Alembic writes.
"""

import re
from pathlib import Path
from typing import Any

from .events import Events, Failed
from .layout import Layout
from .programs import ask, last_lines, run
from .releases import Release, find_release, list_releases

UNKNOWN_REVISION = "Can't locate revision"  # alembic/script/base.py
# alembic/script/base.py, Script.__str__: "1a -> 2b (head), what it does", "<base> -> 1a, the first"
HISTORY_LINE = re.compile(r"(?:<base>|[\w, ()]+) -> (?P<revision>\w+)(?: \([^)]*\))*, (?P<message>.*)")


class _UnknownToRelease(Failed):
    """The database is at a revision that came after a release."""


def migrate(layout: Layout, name: str, *, events: Events, lock: int) -> dict[str, Any]:
    """Apply the migrations of a release. When this program is killed, they go on, and hold the lock of the step.

    Raises:
        Failed: the database cannot be reached, is ahead of the release, or a migration failed.
    """
    release = find_release(layout, name)
    events.step("asking the database for its revision")
    before = _current_revision(release)
    events.step(f"migrating from {before or 'nothing'} to {release.revision or 'the newest revision'}")
    upgraded = run(_manage(release, "upgrade"), cwd=release.folder, lock=lock)
    if upgraded.status:
        raise Failed("the migration failed", upgraded.last_lines)
    return {"from": before, "to": _current_revision(release)}


def compare(layout: Layout, name: str) -> dict[str, Any]:
    """Return the revisions of the database and of a release, and what a downgrade to it would undo, newest first.

    Raises:
        Failed: the database cannot be reached, or no release here knows the way.
    """
    release = find_release(layout, name)
    try:
        current = _current_revision(release)
    except _UnknownToRelease:
        current, knower = _ask_the_others(layout, release)
    else:  # a release knows what came before it: the database is where it should be, or behind
        return {"current": current, "release": release.revision, "downgrade": []}
    undone = _history(knower, release.revision, current)
    return {"current": current, "release": release.revision, "downgrade": undone}


def _ask_the_others(layout: Layout, release: Release) -> tuple[str, Release]:
    for other in list_releases(layout):
        if other.name == release.name:
            continue
        try:
            current = _current_revision(find_release(layout, other.name))
        except Failed:
            continue
        if current:
            return current, other
    raise Failed(f"the database is ahead of {release.name}, and no release on this host knows its revision")


def _current_revision(release: Release) -> str | None:
    """Return the revision of the database; None when nothing was migrated yet."""
    words = _ask(release, "current").split()
    return words[0] if words else None


def _history(release: Release, older: str | None, newer: str) -> list[dict[str, str]]:
    lines = _ask(release, "history", "-r", f"{older or 'base'}:{newer}").splitlines()
    found = [match for line in lines if (match := HISTORY_LINE.fullmatch(line.strip()))]
    return [match.groupdict() for match in found if match["revision"] != older]


def _ask(release: Release, *words: str) -> str:
    asked, errors = ask(_manage(release, *words), cwd=release.folder)
    if UNKNOWN_REVISION in errors:
        raise _UnknownToRelease(f"the database is ahead of {release.name}", last_lines(errors))
    if asked.status:
        raise Failed(f"release {release.name} cannot read the database's revision", last_lines(errors))
    return asked.output


def _manage(release: Release, *words: str) -> list[str | Path]:
    return [release.python, "manage.py", "db", *words]
