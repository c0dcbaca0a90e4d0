"""How soon is changed code served, and does it cost a request? hot_deploy.py beside other reloaders.

Each works on its own copy of the project, on the same app. The edits go round: one for each in turn, so that what
disturbs the machine disturbs everybody. Measured is the time from a file's being written to the first new connection
that is answered by the new code. Then ours alone, under a steady load: no request may fail while the code is edited,
well and badly.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from tqdm import tqdm

from bench.machine import describe, noise
from bench.processes import DidNotStartError
from bench.reloaders import CONTENDERS, OURS, PATH, NotReloadedError, Reloading, environment
from bench.report import Aim, aligned, verdicts
from bench.steady_load import Seen, SteadyLoad, percentile

RESULTS = Path(__file__).with_name("results")
IMPORT = "from flask_api import create_app; from flask_api.settings import load_settings; create_app(load_settings())"
WARM_UP = 3  # edits
PAUSE = (0.5, 1.5)  # seconds between edits: some look once a second, and must not be met in step
OF_IMPORT = 1.3  # the aim: a change is served within so many times the app's own import time
REQUESTS, RATE, EDITS, BROKEN = 5000, 200, 100, 10
SPOILING = ("def broken(", "import none_such", "raise SystemExit('no')")  # compile, import, run
PACKAGES = ("watchdog", "gunicorn", "uvicorn", "watchfiles", "flask", "sqlalchemy", "tornado")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 1 when it could not be measured or an aim was missed."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # unwinds, so that everything is stopped
    if warning := noise():
        print(f"warning: {warning}", file=sys.stderr)
    machine = describe(PACKAGES)
    try:
        with tempfile.TemporaryDirectory(prefix="solo-bench-") as folder:
            times = _time_edits(options, Path(folder))
        with tempfile.TemporaryDirectory(prefix="solo-bench-") as folder:
            seen, edits = _edit_under_load(options, Path(folder))
    except (DidNotStartError, NotReloadedError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted; everything is stopped", file=sys.stderr)
        return 130
    aims = _judge(times, seen)
    _print(times, seen, edits, aims)
    if options.output:
        _write(options.output, machine, times, seen, aims)
    return 0 if all(aim.hit for aim in aims) else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    names = [contender.name for contender in CONTENDERS]
    parser = argparse.ArgumentParser(prog="python -m bench.reload", description=__doc__)
    parser.add_argument("--edits", type=int, default=20, help="edits of each contender that are timed (20)")
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", choices=names, default=names, help=f"time only these of {', '.join(names)}"
    )
    parser.add_argument("--requests", type=int, default=REQUESTS, help=f"requests under load, at least ({REQUESTS})")
    parser.add_argument("--output", type=Path, help="folder of reload.json (bench/results if all are timed)")
    options = parser.parse_args(arguments)
    if min(options.edits, options.requests) < 1:
        parser.error("nothing to measure")
    if options.output is None and len(options.only) == len(CONTENDERS):
        options.output = RESULTS
    return options


def _time_edits(options: argparse.Namespace, folder: Path) -> dict[str, list[float]]:
    """Return the seconds of each edit by contender, and of the app's own import."""
    chosen = [contender for contender in CONTENDERS if contender.name in options.only]
    times: dict[str, list[float]] = {"import": [], **{contender.name: [] for contender in chosen}}
    with ExitStack() as stack:
        field = [stack.enter_context(Reloading(contender, _made(folder / contender.name))) for contender in chosen]
        for number in tqdm(range(WARM_UP + options.edits), desc="edits, in turn", unit="round"):
            found = {"import": _import_time(field[0].project)}
            for reloading in field:
                time.sleep(random.uniform(*PAUSE))
                found[reloading.contender.name] = reloading.edit()
            if number >= WARM_UP:
                for name, seconds in found.items():
                    times[name].append(seconds)
    return times


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _import_time(project: Path) -> float:
    """Return the seconds that a fresh process takes to import the app, its compiled files being there."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORT], cwd=project, env=environment(project), check=True)
    return time.perf_counter() - began


def _edit_under_load(options: argparse.Namespace, folder: Path) -> tuple[Seen, list[float]]:
    """Edit ours under load; return what became of the requests, and the times of the edits that were sound."""
    edits = max(2 * BROKEN, EDITS * options.requests // REQUESTS)
    every = options.requests / RATE / edits
    times = []
    with Reloading(OURS, folder) as ours, SteadyLoad("127.0.0.1", ours.port, PATH, rate=RATE) as load:
        began = time.monotonic()
        for number in tqdm(range(edits), desc=f"edits under {RATE} requests a second", unit="edit"):
            time.sleep(max(0.0, began + number * every - time.monotonic()))
            if number % (edits // BROKEN) == 1:
                ours.spoil(SPOILING[number % len(SPOILING)])
            else:
                times.append(ours.edit())
        while load.seen.sent < options.requests:
            time.sleep(0.05)
    return load.seen, times


def _judge(times: dict[str, list[float]], seen: Seen) -> list[Aim]:
    failed = sum(seen.failures.values())
    aims = [Aim("failed requests: none", failed, failed == 0)]
    if OURS.name in times:
        ratio = median(times[OURS.name]) / median(times["import"])
        aims.insert(0, Aim(f"a change is served within {OF_IMPORT} × import", ratio, ratio <= OF_IMPORT))
    return aims


def _print(times: dict[str, list[float]], seen: Seen, edits: list[float], aims: list[Aim]) -> None:
    titles = {"import": "importing the app", **{contender.name: contender.title for contender in CONTENDERS}}
    own = median(times["import"])
    rows = [("until a change is served", "median s", "p95 s", "slowest s", "of import")]
    for name, found in sorted(times.items(), key=lambda item: median(item[1])):
        figures = median(found), percentile(found, 0.95), max(found)
        rows.append((titles[name], *(f"{value:.3f}" for value in figures), f"{median(found) / own:.2f}"))
    print("\n" + "\n".join(aligned(rows)))
    print(
        f"\nUnder load: {seen.sent:,} requests at {RATE} a second, {len(edits)} edits and {BROKEN} broken ones; "
        f"failed: {sum(seen.failures.values())} {seen.failures or ''}\n"
        f"  latency: median {seen.percentile_ms(0.5):.1f} ms, p99 {seen.percentile_ms(0.99):.1f} ms, "
        f"slowest {seen.percentile_ms(1):.0f} ms; a change was served after {median(edits):.3f} s (median)"
    )
    print(f"\nAims\n\n{verdicts(aims)}")


def _write(
    output: Path, machine: dict[str, object], times: dict[str, list[float]], seen: Seen, aims: list[Aim]
) -> None:
    """Write reload.json."""
    found: dict[str, Any] = {
        "benchmark": "reload",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "seconds": {name: [round(value, 3) for value in values] for name, values in times.items()},
        "median_seconds": {name: round(median(values), 3) for name, values in times.items()},
        "under_load": {"outcomes": dict(seen.outcomes), "p99_ms": round(seen.percentile_ms(0.99), 1)},
        "aims": [{"aim": aim.text, "found": round(aim.found, 3), "hit": aim.hit} for aim in aims],
    }
    output.mkdir(parents=True, exist_ok=True)
    (output / "reload.json").write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    print(f"\nwritten: {output}/reload.json")


if __name__ == "__main__":
    sys.exit(main())
