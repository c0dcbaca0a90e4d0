"""Schemathesis reads the Swagger file and calls every operation, as a user and as an admin.

No answer may be one that the file does not describe, in status, content type, headers or body; none may be a crash.
"""

from typing import Any

import pytest
from flask import Flask

from flask_api.nearby import feeding
from flask_api.settings import Settings
from tests.conftest import start_app, stop_app
from tests.factories import Factory
from tests.security.operations import OPERATIONS

# The edges of what the file allows take long, and so do many examples.
BY_CHANCE = {"coverage": {"enabled": False}, "fuzzing": {"generation": {"max-examples": 6}}}

# What only who has got past the proof is answered, and some generated request has to be.
BEHIND_PROOFS = {
    "PUT /auth/password": "SUCCESS",
    "PUT /auth/phone": "CODE_WRONG",
    "PUT /auth/google": "GOOGLE_OFF",
    "DELETE /auth/google": "GOOGLE_NOT_LINKED",
    "PUT /emails/me": "CODE_WRONG",
    "DELETE /emails/me": "EMAIL_MISSING",
}


@pytest.fixture
def patient_app(app: Flask, settings: Settings) -> Any:
    """An app that sends any number of codes, for the operations to be reached behind them."""
    make = Factory(app)
    make.post(make.admin(), make.category())  # id 1 of everything, as the examples say
    with app.app_context():
        feeding.rebuild()  # a Redis that was never told all places would be answered 503
    own = start_app(settings.model_copy(update={"sms_codes_per_day": 10**6, "token_lifetime": 3600}))
    yield own
    stop_app(own)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("role", "phases", "enough"),
    [
        ("user", BY_CHANCE, 300),
        *(pytest.param(role, {}, 500, marks=pytest.mark.long) for role in ("user", "admin")),
    ],
    ids=["user by chance", "user", "admin"],
)
def test_every_answer_is_one_that_the_file_describes(
    role: str, phases: dict[str, Any], enough: int, patient_app: Flask
) -> None:
    from tests.swagger.conformance import run_schemathesis  # takes a second, in each worker

    answers = run_schemathesis(patient_app, role, phases)
    assert answers.problems == []
    assert answers.count > enough
    passed = {operation for operation, word in BEHIND_PROOFS.items() if word in answers.words[operation]}
    assert passed == {str(operation) for operation in OPERATIONS if operation.needs_proof}
