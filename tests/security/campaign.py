"""Attacks on real servers, for as long as it takes to believe the figures.

    python -m tests.security.campaign
    python -m tests.security.campaign replay sms --replays 1000 --seed 7

Each part starts servers of its own. The figures come at the end as a table; the exit status is 1 when one is not as it
must be. The seed is printed: with it, all choices are the same again.
"""

import argparse
import random
import sys
import time
from dataclasses import fields

from tests.security import campaign_conformance, campaign_phones, campaign_replay, campaign_slow, campaign_sms
from tests.security.figures import Figure, Part, Sizes, table

PARTS = {
    module.PART.name: module.PART
    for module in (campaign_replay, campaign_sms, campaign_phones, campaign_slow, campaign_conformance)
}


def run_campaign(parts: list[Part], sizes: Sizes) -> int:
    """Run these parts and print what they measured; return the exit status."""
    print(f"Seed {sizes.seed}.", flush=True)
    figures: list[Figure] = []
    for part in parts:
        began = time.monotonic()
        print(f"{part.name}: {part.about} …", flush=True)
        figures += part.run(sizes)
        print(f"{part.name}: {time.monotonic() - began:.0f} s", flush=True)
    print(f"\n{table(figures)}")
    return 0 if all(figure.holds for figure in figures) else 1


def parse(arguments: list[str]) -> tuple[list[Part], Sizes]:
    """Return what the command line asks for."""
    lines = (__doc__ or "").split("\n")
    parser = argparse.ArgumentParser(prog="python -m tests.security.campaign", description=lines[0])
    listed = "; ".join(f"{name}: {part.about}" for name, part in PARTS.items())
    parser.add_argument("parts", nargs="*", metavar="PART", choices=[*PARTS, []], help=f"all, or some of: {listed}")
    for one in fields(Sizes):
        default = None if one.name == "seed" else one.default
        kind = float if one.type is float else int
        parser.add_argument(f"--{one.name}", type=kind, default=default, metavar="N", help=f"({default or 'any'})")
    given = vars(parser.parse_args(arguments))
    chosen = [PARTS[name] for name in given.pop("parts") or PARTS]
    if given["seed"] is None:
        given["seed"] = random.SystemRandom().randrange(1_000_000)
    return chosen, Sizes(**given)


def main() -> int:
    """The command line: see the module's text."""
    try:
        return run_campaign(*parse(sys.argv[1:]))
    except KeyboardInterrupt:
        print("\nStopped.")
        return 130


if __name__ == "__main__":
    sys.exit(main())
