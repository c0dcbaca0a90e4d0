"""Archives to prepare: good, damaged, and made by somebody who means ill."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

from tests.deploy.host_program.site import Event, Site

NAME = "20270131T115900Z-0123456789ab"
FILES = {
    "manage.py": b"print('no')\n",
    "requirements.txt": b"",
    "release.json": json.dumps({"version": "0.1.0", "commit": "0" * 40, "revision": "1a"}).encode(),
    "flask_api/__init__.py": b"",
}


def member(name: str, content: bytes = b"", **values: object) -> tuple[tarfile.TarInfo, bytes]:
    """A member of an archive: a file unless ``type`` says otherwise."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    info.mtime = 1_790_000_000
    for attribute, value in values.items():
        setattr(info, attribute, value)
    return info, content


def write_archive(
    site: Site, *more: tuple[tarfile.TarInfo, bytes], files: dict[str, bytes] = FILES
) -> tuple[Path, str]:
    """Write an archive to ``incoming``; return it, and its checksum."""
    (site.root / "shared").mkdir(parents=True, exist_ok=True)
    (site.root / "shared" / ".env").touch()
    path = site.root / "incoming" / "solo-0.1.0-0123456789ab.tar.gz"
    path.parent.mkdir(exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for info, content in [*(member(name, content) for name, content in files.items()), *more]:
            tar.addfile(info, io.BytesIO(content) if info.isreg() else None)
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def prepare(site: Site, archive: Path, checksum: str, *words: str, name: str = NAME) -> Event:
    """Prepare an archive."""
    return site.run("prepare", name, str(archive), checksum, *words)


def left_behind(site: Site) -> list[str]:
    """What lies among the releases and the environments."""
    return sorted(path.name for folder in ("releases", "venvs") for path in (site.root / folder).iterdir())
