"""The git repository that is deployed: what is committed, what is not, and what came between two commits."""

import os
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from deploy.errors import DeployError

# Whatever the operator has configured, a commit gives the same bytes.
PLAIN = ["-c", "core.autocrlf=false", "-c", "core.eol=lf", "-c", "core.attributesFile=/dev/null"]


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit: 40 hex digits, when it was made (UTC), and its first line."""

    id: str
    at: datetime
    subject: str

    @property
    def short(self) -> str:
        return self.id[:12]


@dataclass(frozen=True, slots=True)
class Changes:
    """Paths that differ from HEAD, and files that git does not know (nor ignores)."""

    tracked: tuple[str, ...]
    untracked: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.tracked or self.untracked)


class Repository:
    """The clone in ``root``.

    Raises:
        DeployError: ``root`` is no git repository, or git is not installed.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        if not self._git("rev-parse", "--show-toplevel"):
            raise DeployError(f"{root} is not a git repository with files in it.")

    def head(self) -> Commit:
        """Return the commit that is checked out.

        Raises:
            DeployError: nothing is committed yet.
        """
        return self.commit("HEAD")

    def commit(self, name: str) -> Commit:
        """Return a commit by any name that git knows.

        Raises:
            DeployError: git knows no such commit.
        """
        return self._log("-1", name)[0]

    def changes(self) -> Changes:
        """Return what is not committed."""
        entries = self._git("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", ".")
        lines = [line for line in entries.decode(errors="replace").split("\0") if line]
        return Changes(
            tracked=tuple(line[3:] for line in lines if not line.startswith("??")),
            untracked=tuple(line[3:] for line in lines if line.startswith("??")),
        )

    def stash(self) -> str:
        """Return the id of a commit of the tracked files as they are now; changes neither files nor the stash.

        Raises:
            DeployError: git cannot, for example in the middle of a merge.
        """
        return self._git("stash", "create").decode().strip() or self.head().id

    def tar(self, commit: str) -> bytes:
        """Return the tree of a commit as an uncompressed tar."""
        return self._git(*PLAIN, "archive", "--format=tar", commit)

    def between(self, old: str, new: str) -> list[Commit] | None:
        """Return the commits that ``new`` has and ``old`` lacks, newest first; None where git does not know ``old``."""
        if not self._knows(old):
            return None
        return self._log(f"{old}..{new}")

    def _log(self, *arguments: str) -> list[Commit]:
        text = self._git("log", "--no-show-signature", "--format=%H%x00%ct%x00%s", *arguments, "--")
        fields = [line.split("\0", 2) for line in text.decode(errors="replace").split("\n") if line]
        return [Commit(name, datetime.fromtimestamp(int(at), UTC), subject) for name, at, subject in fields]

    def _knows(self, commit: str) -> bool:
        return self._run("cat-file", "-e", f"{commit}^{{commit}}").returncode == 0

    def _git(self, *arguments: str) -> bytes:
        done = self._run(*arguments)
        if done.returncode:
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            raise DeployError(f"git {arguments[0]}: {lines[-1] if lines else f'exit code {done.returncode}'}")
        return done.stdout

    def _run(self, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        command = ["git", "-C", str(self.root), *arguments]
        # A look must not take git's lock: killed in the middle, it would leave the lock to whoever commits next.
        environment = os.environ | {"GIT_OPTIONAL_LOCKS": "0"}
        try:
            return subprocess.run(command, env=environment, capture_output=True, check=False)
        except FileNotFoundError:
            raise DeployError("git is not installed.") from None
