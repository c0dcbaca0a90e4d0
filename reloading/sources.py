"""Which files of the project make a server, and whether their content has changed."""

import hashlib
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

SUFFIXES = {".py", ".ini", ".html"}
SETTINGS = {".env", "config_override.toml"}  # at the top only
# At the top; a feature may well be called "docs".
NO_PART_OF_A_SERVER = {
    *("tests", "bench", "docs", "deploy", "reloading", "hot_deploy.py", "fabfile.py"),
    *("var", "dist", "build", "htmlcov", "supervisord.ini"),
}
NOWHERE = {"__pycache__", "node_modules"}
# What editors and checkers leave beside a file for a moment. Most have other endings (.swp, ~, ___jb_tmp___, 4913).
DROPPINGS = (".", "#", "flycheck_")


@dataclass(frozen=True)
class _Seen:
    """What a file was when we last looked."""

    facts: tuple[int, int, int]
    digest: bytes


class Sources:
    """The files below ``root`` that a server is made of."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._seen: dict[str, _Seen] = {}
        self.look()

    def folders(self) -> dict[str, int]:
        """Return the folders at the top that may hold such files, each with its inode."""
        with os.scandir(self.root) as entries:
            return {entry.path: entry.inode() for entry in entries if _is_folder(entry) and self.holds(entry.path)}

    def holds(self, path: str) -> bool:
        """Whether a file at this absolute path, or one in a folder there, may be a part of a server."""
        relative = PurePath(path).relative_to(self.root)
        above = relative.parts
        return not (
            not above
            or above[0] in NO_PART_OF_A_SERVER
            or any(name in NOWHERE or name.startswith(".") for name in above[:-1])
            or above[-1] in NOWHERE
            or (above[-1].startswith(DROPPINGS) and str(relative) not in SETTINGS)
        )

    def is_source(self, path: str) -> bool:
        """Whether a file at this absolute path is a part of a server."""
        relative = os.path.relpath(path, self.root)
        return (os.path.splitext(path)[1] in SUFFIXES or relative in SETTINGS) and self.holds(path)

    def look(self, touched: Collection[str] = (), doubtful: Collection[str] = ()) -> list[str]:
        """Return the files whose content is another than at the last look, appeared or are gone, by relative path.

        Files with the same time, size and inode as before are not read again, but for those in ``touched`` (absolute
        paths): two writes within one tick of the file system's clock look the same from outside. Those in ``doubtful``
        have changed whatever they hold: a server may have read what they held for a moment.
        """
        found = {}
        for entry in self._walk(str(self.root)):
            path = os.path.relpath(entry.path, self.root)
            try:
                facts = _facts(entry)
                before = self._seen.get(path)
                unread = before and before.facts == facts and entry.path not in touched
                found[path] = before if before and unread else _Seen(facts, _digest(entry.path))
            except OSError:  # gone meanwhile, or not ours to read: no part of a server
                continue
        before_all, self._seen = self._seen, found
        both = before_all.keys() & found.keys()
        changed = (before_all.keys() ^ found.keys()) | {
            path
            for path in both
            if before_all[path].digest != found[path].digest or os.path.join(self.root, path) in doubtful
        }
        return sorted(changed)

    def _walk(self, folder: str) -> Iterator["os.DirEntry[str]"]:
        try:
            entries = list(os.scandir(folder))
        except OSError:
            return
        for entry in entries:
            if _is_folder(entry):
                if self.holds(entry.path):
                    yield from self._walk(entry.path)
            elif self.is_source(entry.path):
                yield entry


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    """Whether it is a folder to look into; a virtual environment, whatever its name, is none."""
    return entry.is_dir(follow_symlinks=False) and not os.path.exists(os.path.join(entry.path, "pyvenv.cfg"))


def _facts(entry: "os.DirEntry[str]") -> tuple[int, int, int]:
    stat = os.stat(entry.path)
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _digest(path: str) -> bytes:
    return hashlib.blake2b(Path(path).read_bytes(), digest_size=16).digest()
