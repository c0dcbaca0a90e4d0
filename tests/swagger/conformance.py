"""Schemathesis, told how Solo is to be called. Importing it takes a second, so only who runs it imports this."""

import json
from collections import defaultdict
from typing import Any

import schemathesis
from flask import Flask
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema

from flask_api.core import proofs, redis_keys, tokens
from flask_api.extensions import redis
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

    def headers(self) -> dict[str, str]:
        """What somebody sends who is logged in and has just proven it."""
        if self._client.get("/users/me").status_code != 200 or not self._has_role():
            self._client = self._make.user(role=self._role)
        assert self._client.token is not None
        return {"token": self._client.token, proofs.HEADER: self._proof(self._client.token)}

    def _proof(self, token: str) -> str:
        """Made past the API: what would prove it there, the last generated password, nobody has kept."""
        located = tokens.locate(token)
        assert located is not None
        with self._make.app.app_context():
            kept = redis.get(redis_keys.token(*located))
            assert kept is not None
            current = tokens.read(*located, kept)
            return proofs.issue(current.user_id, current.digest, current.generation).proof

    def _has_role(self) -> bool:
        return (self._client.get("/admin/users").status_code == 200) == (self._role == "admin")


def call_as(caller: Caller, schema: Any) -> None:
    """Have all that is generated from the page sent by this caller; a proof that is generated stays as it is."""

    @schema.auth(refresh_interval=None)
    class Auth:
        def get(self, _case: Any, _context: Any) -> dict[str, str]:
            return caller.headers()

        def set(self, case: Any, headers: dict[str, str], _context: Any) -> None:
            case.headers = {**headers, **(case.headers or {}), "token": headers["token"]}


class Answers:
    """What came back: how many answers, what is wrong with them, and the words each operation was answered."""

    def __init__(self) -> None:
        self.count = 0
        self.problems: list[str] = []
        self.words: dict[str, set[str]] = defaultdict(set)

    def take(self, event: Any) -> int:
        """Take what an event of a run tells; return how many answers that were."""
        if isinstance(event, events.NonFatalError | events.FatalError):
            self.problems.append(str(event))
        if not isinstance(event, events.ScenarioFinished):
            return 0
        for case_id, checks in event.recorder.checks.items():
            case = event.recorder.cases[case_id].value
            failed = [check.failure_info.failure for check in checks if check.status == Status.FAILURE]
            self.problems += [f"{case.method} {case.formatted_path} {case.query}: {failure}" for failure in failed]
            if response := event.recorder.find_response(case_id=case_id):
                self.words[f"{case.method} {case.path}"].add(_word(response.content))
        self.count += len(event.recorder.checks)
        return len(event.recorder.checks)


def _word(content: bytes) -> str:
    try:
        return str(json.loads(content)["status"])
    except (ValueError, LookupError, TypeError):
        return ""


def run_schemathesis(app: Flask, role: str, phases: dict[str, Any]) -> Answers:
    """Return what was answered to all that is generated from the page, as somebody of a role."""
    config = SchemathesisConfig.from_dict({**CONFIG, "phases": {**CONFIG["phases"], **phases}})  # type: ignore[dict-item]
    schema = schemathesis.openapi.from_wsgi("/api/swagger.json", app, config=config)
    call_as(Caller(app, role), schema)
    answers = Answers()
    for event in from_schema(schema).execute():
        answers.take(event)
    return answers
