"""Schemathesis reads the Swagger file and calls every operation, as a user and as an admin.

No answer may be one that the file does not describe, in status, content type, headers or body; none may be a crash.
"""

from typing import Any

import pytest
import schemathesis
from flask import Flask
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema

from flask_api.nearby import feeding
from flask_api.settings import Settings
from tests.clients import Client
from tests.conftest import start_app, stop_app
from tests.factories import Factory

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
]
CONFIG = {
    "seed": 20261120,
    "continue-on-failure": True,
    "checks": {"enabled": False, **{check: {"enabled": True} for check in CHECKS}},
    "generation": {"deterministic": True, "max-examples": 15, "database": "none", "with-security-parameters": False},
    "phases": {
        "coverage": {"unexpected-methods": []},  # a 405 is no operation's, so no operation describes it
        "stateful": {"enabled": False},
    },
}


BY_CHANCE = {"coverage": {"enabled": False}}  # the edges of what the file allows take long


class Caller:
    """Keeps somebody logged in: the operations log out, change passwords, ban and delete accounts."""

    def __init__(self, app: Flask, role: str) -> None:
        self._make, self._role = Factory(app), role
        self._client = Client(app, "1.none")

    def token(self) -> str:
        if self._client.get("/users/me").status_code != 200 or not self._has_role():
            self._client = self._make.user(role=self._role)
        assert self._client.token is not None
        return self._client.token

    def _has_role(self) -> bool:
        return (self._client.get("/admin/users").status_code == 200) == (self._role == "admin")


def run_schemathesis(app: Flask, role: str, phases: dict[str, Any]) -> tuple[int, list[str]]:
    """Return how many answers were checked, and what is wrong with them."""
    config = SchemathesisConfig.from_dict({**CONFIG, "phases": {**CONFIG["phases"], **phases}})  # type: ignore[dict-item]
    schema = schemathesis.openapi.from_wsgi("/api/swagger.json", app, config=config)
    caller = Caller(app, role)

    @schema.auth(refresh_interval=None)
    class Auth:
        def get(self, _case: Any, _context: Any) -> str:
            return caller.token()

        def set(self, case: Any, token: str, _context: Any) -> None:
            case.headers = {**(case.headers or {}), "token": token}

    answers, problems = 0, []
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            problems.append(str(event))
        if not isinstance(event, events.ScenarioFinished):
            continue
        for case_id, checks in event.recorder.checks.items():
            answers += 1
            case = event.recorder.cases[case_id].value
            failed = [check.failure_info.failure for check in checks if check.status == Status.FAILURE]
            problems += [f"{case.method} {case.formatted_path} {case.query}: {failure}" for failure in failed]
    return answers, problems


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
    ("role", "phases"),
    [
        ("user", BY_CHANCE),
        *(pytest.param(role, {}, marks=pytest.mark.long) for role in ("user", "admin")),
    ],
    ids=["user by chance", "user", "admin"],
)
def test_every_answer_is_one_that_the_file_describes(role: str, phases: dict[str, Any], patient_app: Flask) -> None:
    answers, problems = run_schemathesis(patient_app, role, phases)
    assert problems == []
    assert answers > 500
