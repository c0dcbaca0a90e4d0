"""One run of schemathesis against a real server. Importing it takes a second, so only who runs it imports this."""

from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from tqdm import tqdm

from tests.security.two_servers import TwoServers
from tests.swagger.conformance import CONFIG, Caller

EXAMPLES = 100  # of each operation in a round, at most


class Round:
    """One run of schemathesis as somebody of a role, with chances of its own."""

    def __init__(self, site: TwoServers, role: str, seed: int) -> None:
        generation = {**CONFIG["generation"], "deterministic": False, "max-examples": EXAMPLES}  # type: ignore[dict-item]
        config = SchemathesisConfig.from_dict({**CONFIG, "seed": seed, "generation": generation})
        self._schema = schemathesis.openapi.from_url(f"{site.servers[0].address}/api/swagger.json", config=config)
        caller = Caller(site.make.app, role)

        @self._schema.auth(refresh_interval=None)
        class Auth:
            def get(self, _case: Any, _context: Any) -> str:
                return caller.token()

            def set(self, case: Any, token: str, _context: Any) -> None:
                case.headers = {**(case.headers or {}), "token": token}

    def run(self, bar: "tqdm[Any]", most: int) -> tuple[int, list[str]]:
        """Return how many answers were checked, up to about ``most``, and what is wrong with them."""
        answers, problems = 0, []
        for event in from_schema(self._schema).execute():
            if isinstance(event, events.NonFatalError | events.FatalError):
                problems.append(str(event))
            if isinstance(event, events.ScenarioFinished):
                answers += len(event.recorder.checks)
                bar.update(len(event.recorder.checks))
                problems += _problems(event)
            if answers >= most:
                break
        return answers, problems


def _problems(event: Any) -> list[str]:
    cases = {case_id: found.value for case_id, found in event.recorder.cases.items()}
    return [
        f"{cases[case_id].method} {cases[case_id].formatted_path} {cases[case_id].query}: {check.failure_info.failure}"
        for case_id, checks in event.recorder.checks.items()
        for check in checks
        if check.status == Status.FAILURE
    ]
