"""A copy of the project, to build examples in."""

from pathlib import Path

import pytest

from tests.services.project_copy import copy_project


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project as a clone holds it, with what is not committed yet."""
    copy_project(tmp_path)
    return tmp_path
