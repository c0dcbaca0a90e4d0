"""What tests of SMS share."""

from collections.abc import Iterator

import pytest
from flask import Flask

from flask_api.settings import Settings
from tests.conftest import start_app, stop_app
from tests.services.upstream import Upstream
from tests.sms.vendors import VENDORS, Vendor

TIMEOUT = 3.0  # seconds: longer than the machine stands still


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as running:
        yield running


@pytest.fixture(params=VENDORS, ids=lambda vendor: vendor.name)
def vendor(request: pytest.FixtureRequest, upstream: Upstream) -> Vendor:
    chosen: Vendor = request.param
    upstream.answer = chosen.answer
    return chosen


@pytest.fixture
def sending(vendor: Vendor, upstream: Upstream, settings: Settings) -> Iterator[Flask]:
    """An app that sends its codes by the vendor, at most one a minute to a phone."""
    place = {f"{vendor.name}_endpoint": upstream.url, "outside_timeout": TIMEOUT, "sms_code_interval": 60}
    app = start_app(settings.model_copy(update={**vendor.settings, **place}))
    app.extensions["redis"].flushall()
    yield app
    stop_app(app)
