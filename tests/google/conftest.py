"""Google on loopback, and an app that takes it for Google."""

from collections.abc import Iterator

import pytest

from flask_api.settings import Settings
from tests.services.google_issuer import GoogleIssuer


@pytest.fixture
def issuer() -> Iterator[GoogleIssuer]:
    with GoogleIssuer() as running:
        yield running


@pytest.fixture
def settings(settings: Settings, issuer: GoogleIssuer) -> Settings:
    return settings.model_copy(update=issuer.settings())
