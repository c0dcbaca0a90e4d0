"""Schemathesis against a real server, for so many requests: no crash, nothing that the page does not say."""

import tempfile
import warnings
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis.errors import HypothesisDeprecationWarning
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from tqdm import tqdm

from tests.security.figures import Figure, Part, Sizes
from tests.security.two_servers import TwoServers
from tests.swagger.test_conformance import CONFIG, Caller

ROLES = ("user", "admin")
EXAMPLES = 100  # of each operation in a round, at most
SHOWN = 20  # problems


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


def run(sizes: Sizes) -> list[Figure]:
    warnings.simplefilter("ignore", HypothesisDeprecationWarning)  # of what schemathesis does inside
    answers, problems, rounds = 0, list[str](), 0
    settings = {"SOLO_TOKEN_LIFETIME": "3600"}
    with tempfile.TemporaryDirectory() as folder, TwoServers(Path(folder), **settings) as site:
        site.make.post(site.make.admin(), site.make.category())  # id 1 of everything, as the examples say
        with tqdm(total=sizes.cases, desc="generated requests", disable=None, leave=False) as bar:
            while answers < sizes.cases:
                role = ROLES[rounds % len(ROLES)]
                checked, wrong = Round(site, role, sizes.seed + rounds).run(bar, sizes.cases - answers)
                answers, rounds, problems = answers + checked, rounds + 1, problems + wrong
    for problem in problems[:SHOWN]:
        print(problem)
    what = f"requests generated from the page, in {rounds} rounds"
    return [
        Figure(what, f"{answers:,}", f"≥ {sizes.cases:,}", answers >= sizes.cases),
        Figure("answers that the page does not describe, or crashes", str(len(problems)), "0", not problems),
    ]


PART = Part("conformance", "whatever schemathesis thinks of, sent to a real server", run)
