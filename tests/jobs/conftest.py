"""What tests of jobs look at."""

from collections.abc import Callable

import pytest
from flask import Flask

from flask_api.settings import Settings


@pytest.fixture
def notes(app: Flask, settings: Settings) -> Callable[[], list[str]]:
    """Return what jobs have noted so far."""
    file = settings.data_dir / "notes"
    return lambda: file.read_text().splitlines() if file.exists() else []
