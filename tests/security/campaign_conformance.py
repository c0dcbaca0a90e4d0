"""Schemathesis against a real server, for so many requests: no crash, nothing that the page does not say."""

import tempfile
import warnings
from pathlib import Path

from hypothesis.errors import HypothesisDeprecationWarning
from tqdm import tqdm

from tests.security.figures import Figure, Part, Sizes
from tests.security.two_servers import TwoServers

ROLES = ("user", "admin")
SHOWN = 20  # problems


def run(sizes: Sizes) -> list[Figure]:
    from tests.security.conformance_round import Round  # takes a second, and most parts are run without it

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
