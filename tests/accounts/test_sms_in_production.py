"""What must never come back in an answer outside of development."""

from flask import Flask

from flask_api.providers.sms.console import ConsoleSMS
from flask_api.settings import Settings
from tests.clients import Client, data, failure
from tests.conftest import start_app, stop_app

PRODUCTION = {"environment": "production", "sms_provider": "none", "allowed_hosts": ["localhost"], "signed_areas": []}


def test_production_without_a_provider_sends_no_code_and_says_so(settings: Settings) -> None:
    app = start_app(settings.model_copy(update=PRODUCTION))
    answer = Client(app).post("/auth/sms-codes", json={"phone": "13800138000"})
    stop_app(app)
    assert failure(answer) == (503, "SMS_ERROR")


def test_production_never_answers_the_code_whatever_the_provider(app: Flask, settings: Settings) -> None:
    app = start_app(settings.model_copy(update=PRODUCTION))
    app.extensions["sms"] = ConsoleSMS()
    answer = Client(app).post("/auth/sms-codes", json={"phone": "13800138000"})
    stop_app(app)
    assert data(answer)["code"] is None
