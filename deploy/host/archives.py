"""Archives of releases: checking and unpacking.

``tarfile`` has a filter for archives one does not trust, but not in the Python 3.11.2 of Debian 12; and an archive of a
release needs less than that filter allows.
"""

import hashlib
import os
import shutil
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from .events import Failed

OF_THE_HOST = {".env", ".venv", "var", "state.json"}  # what prepare puts beside the members
EXECUTABLE = 0o100


def check_sum(archive: Path, sha256: str) -> None:
    """Compare an archive with its checksum; a broken one is removed.

    Raises:
        Failed: it is not there, or differs.
    """
    try:
        with archive.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise Failed(f"the archive is not there: {archive}") from None
    if found != sha256.lower():
        archive.unlink()
        raise Failed(f"the archive {archive.name} was damaged on its way: its SHA-256 is {found}, not {sha256}")


def unpack(archive: Path, folder: Path) -> None:
    """Unpack files, folders and links that stay inside into a new folder; owners and odd modes are not taken over.

    Raises:
        Failed: it cannot be read, or holds anything else; what was unpacked so far is left.
    """
    folder.mkdir()
    try:
        with tarfile.open(archive, "r:*") as tar:
            for member in tar:
                _unpack_member(tar, member, folder)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise Failed(f"the archive {archive.name} cannot be read: {error}") from None


def _unpack_member(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or "\0" in member.name:
        raise Failed(f"the archive has a member outside of it: {member.name!r}")
    if not path.parts:  # the top folder itself
        return
    if path.parts[0] in OF_THE_HOST:
        raise Failed(f"the archive has a member that belongs to the host: {member.name!r}")
    parent = _real_folder(folder, path.parent)
    if member.isdir():
        _real_folder(folder, path)
    elif member.isreg():
        _write_file(tar, member, parent / path.name)
    elif member.issym() and _stays_inside(path.parent, member.linkname):
        (parent / path.name).symlink_to(member.linkname)
    else:
        raise Failed(f"the archive has a member that is no file, folder or link to one of them: {member.name!r}")


def _real_folder(folder: Path, path: PurePosixPath) -> Path:
    """Return a folder below, made if needed: never by way of a link that the archive brought."""
    for name in path.parts:
        folder /= name
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            raise Failed(f"the archive has a member below one that is no folder: {path}")
        folder.mkdir(exist_ok=True)
    return folder


def _write_file(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    mode = 0o755 if member.mode & EXECUTABLE else 0o644
    source = tar.extractfile(member)
    if source is None:
        raise Failed(f"the archive has a member without content: {member.name!r}")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    except FileExistsError:
        raise Failed(f"the archive has a member twice: {member.name!r}") from None
    with source, os.fdopen(descriptor, "wb") as file:
        shutil.copyfileobj(source, file)
    os.utime(path, (member.mtime, member.mtime))  # static files tell browsers since when they are as they are


def _stays_inside(parent: PurePosixPath, target: str) -> bool:
    """Whether a link leads to something in the archive: up first, then down; so no other link can bend it."""
    parts = PurePosixPath(target).parts
    up = next((index for index, part in enumerate(parts) if part != ".."), len(parts))
    return bool(parts) and parts[0] != "/" and ".." not in parts[up:] and up <= len(parent.parts)
