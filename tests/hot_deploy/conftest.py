"""A hot_deploy.py for the tests of a worker to share, and copies of the project."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.project_copy import copy_project

from .running import HotDeploy


@pytest.fixture(scope="session")
def shared_hot_deploy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HotDeploy]:
    folder = tmp_path_factory.mktemp("project")
    copy_project(folder)
    with HotDeploy(folder) as running:
        yield running


@pytest.fixture
def hot(shared_hot_deploy: HotDeploy) -> Iterator[HotDeploy]:
    """hot_deploy.py on a copy of the project, which is put right after the test."""
    yield shared_hot_deploy
    shared_hot_deploy.restore()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project for a hot_deploy.py of one's own."""
    folder = tmp_path / "project"
    folder.mkdir()
    copy_project(folder)
    return folder
