"""What tests of places share: a site where people move as often as they like, and the blur without a site."""

from collections.abc import Iterator

import pytest
from flask import Flask

from flask_api.settings import Settings
from tests.conftest import start_app, stop_app


@pytest.fixture
def unlimited(app: Flask, settings: Settings) -> Iterator[Flask]:
    """The same site without a limit on moves."""
    started = start_app(settings.model_copy(update={"limit_moves_per_user": None}))
    yield started
    stop_app(started)


@pytest.fixture(scope="module")
def blur(plain_settings: Settings) -> Iterator[None]:
    """What displacing a place needs of an app: the secret in its settings."""
    app = Flask("blur")
    app.extensions["settings"] = plain_settings
    with app.app_context():
        yield
