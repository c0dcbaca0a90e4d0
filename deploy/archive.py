"""``fab build``: the committed tree as a reproducible archive, with a manifest in it and one beside it.

The same commit gives the same bytes on any clone (and the same zlib): members are sorted, times are the commit's,
owners are root, modes are 644 or 755.
"""

import gzip
import hashlib
import io
import json
import os
import re
import tarfile
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deploy.errors import DeployError
from deploy.repository import Commit, Repository
from deploy.revisions import Revisions, read_revisions

# What no host needs. Not `export-ignore` in .gitattributes: that would thin out everybody's source downloads too.
LEFT_OUT = re.compile(
    r"(\.ci|\.github|bench|docs|tests)/.*|\.git(attributes|ignore)|Makefile|README.*|deploy/hosts\.toml|fabric\.yaml"
    r"|requirements\.in|requirements-(dev|bench)\.(in|txt)|requirements-providers\.in"
)
REQUIREMENTS = "requirements.txt"
MORE_REQUIREMENTS = "requirements-providers.txt"
NEEDED = ("manage.py", "pyproject.toml", "requirements.txt", "migrations/env.py")
MANIFEST = "release.json"
Members = dict[str, tuple[tarfile.TarInfo, bytes]]


@dataclass(frozen=True, slots=True)
class Release:
    """What an archive holds; ``release.json`` in it. ``committed_at`` is ISO 8601, UTC."""

    version: str
    commit: str
    committed_at: str
    revision: str
    requirements: str
    dirty: bool


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive on this machine. ``left_out``: files that git does not know and that are therefore not in it."""

    path: Path
    release: Release
    subject: str
    sha256: str
    size: int
    revisions: Revisions
    requirements: bytes
    left_out: tuple[str, ...] = ()

    @property
    def commit(self) -> str:
        return self.release.commit[:12]

    @property
    def title(self) -> str:
        """As people speak of it: ``solo 0.1.0, commit b6d62e72a272``."""
        changed = ", with uncommitted changes" if self.release.dirty else ""
        return f"solo {self.release.version}, commit {self.commit}{changed}"


def build_archive(root: Path, folder: Path, *, dirty: bool = False) -> Archive:
    """Write the archive of what is committed, and its manifest, into ``folder``.

    With ``dirty``, tracked files go in as they are now; files that git does not know stay out all the same. The
    archive's requirements.txt is the file that pyproject.toml names under ``[tool.solo]``.

    Raises:
        DeployError: something is not committed; the tree lacks what a host needs; several newest migrations.
    """
    repository = Repository(root)
    head, changes = repository.head(), repository.changes()
    if changes and not dirty:
        raise DeployError(_refusal((*changes.tracked, *changes.untracked)))
    tree = repository.stash() if changes.tracked else head.id
    members = dict(_members(repository.tar(tree)))
    files = {name: content for name, (info, content) in members.items() if info.isfile()}
    if missing := [name for name in NEEDED if name not in files]:
        raise DeployError(f"the archive would lack {', '.join(missing)}: commit it first.")
    project = _project(files)
    members = _with_requirements(members, project)
    requirements = members[REQUIREMENTS][1]
    revisions = read_revisions(files)
    version = str(project["project"]["version"])
    release = _describe(version, head, revisions.head, requirements, bool(changes.tracked))
    body = _pack(members, release, int(head.at.timestamp()))
    name = f"solo-{release.version}-{head.short}{'-dirty' if release.dirty else ''}"
    archive = Archive(
        path=folder / f"{name}.tar.gz",
        release=release,
        subject=head.subject,
        sha256=hashlib.sha256(body).hexdigest(),
        size=len(body),
        revisions=revisions,
        requirements=requirements,
        left_out=changes.untracked,
    )
    _store(archive, body)
    return archive


def _refusal(paths: tuple[str, ...]) -> str:
    shown = "".join(f"\n  {path}" for path in paths[:15])
    more = f"\n  and {len(paths) - 15} more" if len(paths) > 15 else ""
    what = "1 file is not committed" if len(paths) == 1 else f"{len(paths)} files are not committed"
    return f"{what}; commit first, or say --dirty:{shown}{more}"


def _members(tar: bytes) -> Iterator[tuple[str, tuple[tarfile.TarInfo, bytes]]]:
    with tarfile.open(fileobj=io.BytesIO(tar)) as source:
        for info in source:
            if (info.isfile() or info.issym()) and not LEFT_OUT.fullmatch(info.name):
                file = source.extractfile(info) if info.isfile() else None
                yield info.name, (info, file.read() if file else b"")


def _project(files: dict[str, bytes]) -> dict[str, Any]:
    try:
        project = tomllib.loads(files["pyproject.toml"].decode())
        project["project"]["version"]
    except (ValueError, KeyError) as error:
        raise DeployError(f"pyproject.toml does not tell the version: {error}") from None
    return project


def _with_requirements(members: Members, project: dict[str, Any]) -> Members:
    """Return the members with one requirements.txt: what a deployment is to install."""
    named = project.get("tool", {}).get("solo", {}).get("requirements", REQUIREMENTS)
    if named not in (REQUIREMENTS, MORE_REQUIREMENTS) or named not in members:
        raise DeployError(f"pyproject.toml: requirements must be {REQUIREMENTS} or {MORE_REQUIREMENTS}, not {named!r}.")
    kept = {name: member for name, member in members.items() if name != MORE_REQUIREMENTS}
    return {**kept, REQUIREMENTS: members[named]}


def _describe(version: str, head: Commit, revision: str, requirements: bytes, dirty: bool) -> Release:
    return Release(
        version=version,
        commit=head.id,
        committed_at=head.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        revision=revision,
        requirements=hashlib.sha256(requirements).hexdigest(),
        dirty=dirty,
    )


def _pack(members: Members, release: Release, moment: int) -> bytes:
    manifest = (json.dumps(asdict(release), indent=2) + "\n").encode()
    described = {**members, MANIFEST: (tarfile.TarInfo(MANIFEST), manifest)}
    packed = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as target,
    ):
        for name in sorted(described):
            found, content = described[name]
            info = tarfile.TarInfo(name)
            info.type, info.linkname = found.type, found.linkname
            info.mode = 0o755 if found.mode & 0o100 or found.issym() else 0o644
            info.uname = info.gname = "root"
            info.mtime, info.size = moment, len(content)
            target.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def _store(archive: Archive, body: bytes) -> None:
    path = archive.path
    beside = {**asdict(archive.release), "archive": path.name, "sha256": archive.sha256, "size": archive.size}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / ".gitignore").write_text("*\n")  # or the next build would find the tree dirty
        _write(path, body)
        _write(path.with_name(path.name.replace(".tar.gz", ".json")), (json.dumps(beside, indent=2) + "\n").encode())
    except OSError as error:
        raise DeployError(f"{path.parent} cannot be written: {error.strerror}") from None


def _write(path: Path, content: bytes) -> None:
    """Write it whole or not at all: another ``fab`` may be reading."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_bytes(content)
    partial.replace(path)
