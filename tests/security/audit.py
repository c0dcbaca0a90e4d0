"""Has any of the pinned packages a hole that is known? What ``make audit``, and so ``make lint``, runs.

    python -m tests.security.audit requirements.txt

pip-audit asks PyPI, and where that cannot tell, OSV. The exit status is 1 when a hole is known, and 0 when none is, or
when neither service could be reached, which is said: developers work offline too.
"""

import argparse
import importlib.util
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

SERVICES = ("pypi", "osv")
PATIENCE = 180  # seconds for all packages
ANSWER_WITHIN = 5  # seconds for one
PIP_AUDIT = (sys.executable, "-m", "pip_audit")
# Holes that do not concern us, each with the reason and the day to look again.
ACCEPTED: dict[str, str] = {}


@dataclass
class Findings:
    """What a service said: ``holes`` are lines for people; ``unknown`` are the packages that it does not know."""

    holes: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def ask(service: str, files: Sequence[str], program: Sequence[str] = PIP_AUDIT, *options: str) -> Findings:
    """Ask one service about the packages that the files pin; who cannot be reached knows none of them."""
    command = [*program, "--vulnerability-service", service, "--format", "json", "--progress-spinner", "off"]
    command += ["--timeout", str(ANSWER_WITHIN), "--require-hashes", "--disable-pip", *options]
    command += [part for name in ACCEPTED for part in ("--ignore-vuln", name)]
    command += [part for name in files for part in ("--requirement", name)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        dependencies = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):  # it ends with a traceback when nobody answers
        return Findings()
    return _read(dependencies)


def _read(dependencies: list[dict[str, Any]]) -> Findings:
    found = Findings()
    for dependency in dependencies:
        (found.unknown if "skip_reason" in dependency else found.known).append(dependency["name"])
        for hole in dependency.get("vulns", ()):
            names = ", ".join([hole["id"], *hole["aliases"]])
            mended = ", ".join(hole["fix_versions"]) or "no version"
            found.holes.append(f"{dependency['name']} {dependency['version']}: {names}; mended in {mended}")
    return found


def audit(files: Sequence[str], program: Sequence[str] = PIP_AUDIT, *options: str) -> int:
    """Ask the services in turn until one knows the packages; say what was found and return the exit status."""
    best = Findings()
    for service in SERVICES:
        found = ask(service, files, program, *options)
        if len(found.known) > len(best.known):
            best = found
        if best.known and not best.unknown:
            break
    for hole in best.holes:
        print(f"audit: {hole}", file=sys.stderr)
    if not best.known:
        print("audit: NOT DONE: neither PyPI nor OSV could be asked about known holes in packages", file=sys.stderr)
    elif best.unknown:
        print(f"audit: nothing is known about {', '.join(best.unknown)}", file=sys.stderr)
    if best.known and not best.holes:
        print(f"audit: {len(best.known)} packages, no known holes")
    return 1 if best.holes else 0


def main() -> int:
    """The command line: see the module's text."""
    parser = argparse.ArgumentParser(prog="python -m tests.security.audit", description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("files", nargs="+", metavar="FILE", help="requirements with hashes")
    files = parser.parse_args().files
    if importlib.util.find_spec("pip_audit") is None:
        print("audit: pip-audit is missing; requirements-dev.txt has it: pip install -r", file=sys.stderr)
        return 2
    return audit(files)


if __name__ == "__main__":
    sys.exit(main())
