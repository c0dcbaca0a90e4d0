"""Schemathesis, told how Solo is to be called. Importing it takes a second, so only who runs it imports this."""

from typing import Any

import schemathesis
from flask import Flask
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema

from tests.clients import Client
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
