"""One run of schemathesis against a real server. Importing it takes a second, so only who runs it imports this."""

from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from tqdm import tqdm

from tests.security.two_servers import TwoServers
from tests.swagger.conformance import CONFIG, Answers, Caller, call_as

EXAMPLES = 100  # of each operation in a round, at most


class Round:
    """One run of schemathesis as somebody of a role, with chances of its own."""

    def __init__(self, site: TwoServers, role: str, seed: int) -> None:
        generation = {**CONFIG["generation"], "deterministic": False, "max-examples": EXAMPLES}  # type: ignore[dict-item]
        config = SchemathesisConfig.from_dict({**CONFIG, "seed": seed, "generation": generation})
        self._schema = schemathesis.openapi.from_url(f"{site.servers[0].address}/api/swagger.json", config=config)
        call_as(Caller(site.make.app, role), self._schema)

    def run(self, bar: "tqdm[Any]", most: int) -> tuple[int, list[str]]:
        """Return how many answers were checked, up to about ``most``, and what is wrong with them."""
        answers = Answers()
        for event in from_schema(self._schema).execute():
            bar.update(answers.take(event))
            if answers.count >= most:
                break
        return answers.count, answers.problems
