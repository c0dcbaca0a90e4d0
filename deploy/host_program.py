"""The program that runs on hosts, deploy/host/, as one file: the same sources give the same bytes, and so one name."""

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).resolve().parent / "host"


@dataclass(frozen=True, slots=True)
class HostProgram:
    """``content`` is a zip that Python runs; ``name`` tells it apart from other versions."""

    content: bytes
    name: str
    sha256: str


def pack_host_program(sources: Path = SOURCES) -> HostProgram:
    """Pack the modules in ``sources``, which has a ``__main__.py``."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(sources.rglob("*.py")):
            member = zipfile.ZipInfo(path.relative_to(sources).as_posix())  # of 1980: no time of this machine gets in
            member.external_attr = 0o644 << 16
            archive.writestr(member, path.read_bytes(), zipfile.ZIP_DEFLATED)
    digest = hashlib.sha256(packed.getvalue()).hexdigest()
    return HostProgram(packed.getvalue(), f"host-{digest[:12]}.pyz", digest)
