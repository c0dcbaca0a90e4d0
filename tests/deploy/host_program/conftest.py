"""A host, and the program packed as fab packs it."""

import shutil
import sys
import zipapp
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.host_program.site import STAND_INS, Site
from tests.services.process import make_folder

SOURCE = Path(__file__).resolve().parents[3] / "deploy" / "host"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these take long: each starts a supervisord, or builds an environment."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("long")


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """host.pyz"""
    target = tmp_path_factory.mktemp("program") / "host.pyz"
    zipapp.create_archive(SOURCE, target, filter=lambda path: "__pycache__" not in path.parts, compressed=True)
    return target


@pytest.fixture
def site(program: Path) -> Iterator[Site]:
    """A host on which nothing runs yet, and nothing any more afterwards."""
    folder = make_folder("program")
    site = Site(folder, program)
    yield site
    site.close()
    shutil.rmtree(folder)


@pytest.fixture
def python(site: Site) -> Path:
    """A Python that builds environments in no time; the file ``told`` beside it says how."""
    folder = site.root / "python"
    folder.mkdir()
    (folder / "told").write_text("good")
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "{STAND_INS / "python.py"}" "{python}" "$@"\n')
    python.chmod(0o755)
    return python
