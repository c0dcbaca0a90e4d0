"""``prepare``: an archive becomes a release that can run. Until all of it is there, the folder has another name."""

import os
import shutil
from pathlib import Path
from typing import Any

from .archives import check_sum, unpack
from .environments import build_environment
from .events import Events, Failed
from .layout import Layout, check_name, replace_link, sync_folder
from .programs import run
from .releases import PREPARED, Release, write_state

SETTINGS, MORE_SETTINGS = ".env", "config_override.toml"
REQUIREMENTS = "requirements.txt"


def prepare(
    layout: Layout, name: str, archive: Path, sha256: str, *, python: str, events: Events, lock: int
) -> dict[str, Any]:
    """Check, unpack and link an archive, and build its environment. Does what is missing when it is run again.

    Raises:
        Failed: the archive is damaged or malicious, another one was prepared under this name, or the requirements do
            not install.
    """
    release = Release(layout.releases / check_name(name))
    if release.folder.is_dir():
        _prepare_again(layout, release, sha256, python, events, lock)
    else:
        _prepare_new(layout, release, archive, sha256, python, events, lock)
    archive.unlink(missing_ok=True)
    return {"release": name, "environment": release.environment.name}


def _prepare_new(
    layout: Layout, release: Release, archive: Path, sha256: str, python: str, events: Events, lock: int
) -> None:
    events.step("checking the archive")
    check_sum(archive, sha256)
    partial = layout.releases / f".{release.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        events.step("unpacking")
        unpack(archive, partial)
        _set_up(layout, partial, python, events, lock)
        write_state(partial, PREPARED, archive=sha256.lower())
        os.sync()  # a folder with a name must not turn out empty after a power cut
        partial.rename(release.folder)
        sync_folder(layout.releases)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _prepare_again(layout: Layout, release: Release, sha256: str, python: str, events: Events, lock: int) -> None:
    made_of = release.state_file.get("archive")
    if made_of not in (None, sha256.lower()):
        raise Failed(f"release {release.name} is there already, made of another archive (SHA-256 {made_of})")
    events.step(f"release {release.name} is there already")
    _set_up(layout, release.folder, python, events, lock)


def _set_up(layout: Layout, folder: Path, python: str, events: Events, lock: int) -> None:
    # Without settings it would be a development server, which lets in everybody.
    if not (layout.shared / SETTINGS).exists():
        raise Failed(f"{layout.shared / SETTINGS} is missing: make it first (docs/deploying.md)")
    requirements = folder / REQUIREMENTS
    if not requirements.is_file():
        raise Failed(f"the archive has no {REQUIREMENTS}")
    environment = build_environment(layout, requirements, python, events, lock)
    _link(folder / "var", "../../shared/var")
    _link(folder / SETTINGS, f"../../shared/{SETTINGS}")
    _link(folder / ".venv", f"../../venvs/{environment.name}")
    if (layout.shared / MORE_SETTINGS).exists():
        _link(folder / MORE_SETTINGS, f"../../shared/{MORE_SETTINGS}")
    # Processes start faster; a file that does not compile is for whoever imports it to complain about.
    run([environment / "bin" / "python", "-m", "compileall", "-q", "."], cwd=folder, lock=lock)


def _link(path: Path, target: str) -> None:
    if path.is_symlink() and path.readlink() == Path(target):
        return
    replace_link(path, target)
