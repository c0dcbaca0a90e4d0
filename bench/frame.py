"""How fast is the frame? Solo beside a bare tornado handler, flask-restx and FastAPI, all in one run.

Each server has one core to itself; wrk and Redis share another. The rounds are interleaved, so that what disturbs the
machine disturbs everybody; what counts is the median of the rounds.
"""

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from tqdm import tqdm

from bench.contenders import CONTENDERS, ENDPOINTS, Running, WrongAnswerError, check
from bench.disturbance import LIMIT, Watch
from bench.frame_chart import chart_of
from bench.lineup import LoginFailedError, line_up
from bench.load import CONNECTIONS, LoadError, NoAnswerError, run_wrk
from bench.machine import CannotMeasureError, choose_cores, describe, noise
from bench.processes import DidNotStartError
from bench.report import Aim, Figures, judge, table, verdicts
from bench.stage import Stage

RESULTS = Path(__file__).with_name("results")
WARM_UP_SECONDS, LEAD_IN_SECONDS = 2, 1  # before all rounds, and before each
AIMS = {
    "me": {"of_bare": 0.55, "of_fastapi": 3.2, "tail": 2.5},
    "list": {"of_bare": 0.40, "of_fastapi": 3.3, "tail": 2.5},
}
PACKAGES = (
    "tornado", "flask", "flask-restx", "flask-sqlalchemy", "sqlalchemy", "gunicorn", "fastapi", "uvicorn", "uvloop",
    "httptools", "pydantic", "redis", "hiredis", "orjson",
)  # fmt: skip

Measured = dict[str, dict[str, Figures]]  # endpoint → contender → figures


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 1 when it could not be measured."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # unwinds, so that everything is stopped
    try:
        _run(options)
    except (CannotMeasureError, DidNotStartError, WrongAnswerError, LoginFailedError, LoadError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted; everything is stopped", file=sys.stderr)
        return 130
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    names = [contender.name for contender in CONTENDERS]
    parser = argparse.ArgumentParser(prog="python -m bench.frame", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="rounds for each contender and endpoint (3)")
    parser.add_argument("--seconds", type=int, default=5, help="seconds of a round (5)")
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="NAME",
        choices=names,
        default=names,
        help=f"measure only these of {', '.join(names)}",
    )
    parser.add_argument("--skip", nargs="+", metavar="NAME", choices=names, default=[], help="measure all but these")
    parser.add_argument(
        "--output", type=Path, help="folder of frame.json and frame.svg (bench/results if all are measured)"
    )
    options = parser.parse_args(arguments)
    options.contenders = [one for one in CONTENDERS if one.name in options.only and one.name not in options.skip]
    if not options.contenders or min(options.rounds, options.seconds) < 1:
        parser.error("nothing to measure")
    if options.output is None and len(options.contenders) == len(CONTENDERS):
        options.output = RESULTS
    return options


def _run(options: argparse.Namespace) -> None:
    cores = choose_cores()
    if warning := noise():
        print(f"warning: {warning}", file=sys.stderr)
    machine = describe(PACKAGES)
    with Stage(cores) as stage:
        field = line_up(options.contenders, stage)
        os.sched_setaffinity(0, {cores.load})
        watch = Watch(cores, stage.processes)
        measured = _measure(field, watch, core=cores.load, rounds=options.rounds, seconds=options.seconds)
        memory = {one.contender.name: one.process.peak_memory() for one in field}
    aims = [aim for name, least in AIMS.items() for aim in judge(name, measured[name], **least)]
    _print(measured, memory, aims)
    if options.output:
        _write(options, machine, measured, memory, aims)


def _measure(field: Sequence[Running], watch: Watch, *, core: int, rounds: int, seconds: int) -> Measured:
    """Warm everybody up, then measure in turns; a round that others disturbed is measured again."""
    turns = [(endpoint, running) for endpoint in ENDPOINTS for running in field]
    samples: dict[tuple[str, str], list] = {(endpoint.name, one.contender.name): [] for endpoint, one in turns}
    total = len(turns) * (WARM_UP_SECONDS + rounds * (LEAD_IN_SECONDS + seconds))
    with tqdm(total=total, bar_format="{percentage:3.0f}% {bar:30} {n_fmt} of {total_fmt} s{postfix}") as progress:
        for number in range(rounds + 1):
            turn = f"round {number}" if number else "warm-up"
            for endpoint, running in turns:
                progress.set_postfix_str(f"{turn}: {running.contender.name}, {endpoint.name}")
                load = partial(run_wrk, running.url(endpoint), core=core, headers=running.headers)
                # Who was idle for a while may have lost caches and pages: a lead-in brings them back.
                idle = LEAD_IN_SECONDS if number else WARM_UP_SECONDS
                with suppress(NoAnswerError):
                    load(seconds=idle)
                if number:
                    sample, disturbance = watch.quietest(partial(load, seconds=seconds))
                    samples[endpoint.name, running.contender.name].append(replace(sample, disturbance=disturbance))
                progress.update(idle + (seconds if number else 0))
    for running in field:
        check(running)  # still right after the load
    return {
        endpoint.name: {one.contender.name: Figures(samples[endpoint.name, one.contender.name]) for one in field}
        for endpoint in ENDPOINTS
    }


def _print(measured: Measured, memory: dict[str, int], aims: list[Aim]) -> None:
    for endpoint in ENDPOINTS:
        print(f"\n{endpoint.name}: {endpoint.title}\n\n{table(measured[endpoint.name], memory)}")
    worst = _worst(measured)
    print(f"\nWhat other programs took of a core in the worst round: {worst:.0%}")
    if worst > LIMIT:
        print("NOT A FAIR RUN: other programs were busy. Do not quote these figures; run again on a quiet machine.")
    if aims:
        print(f"\nAims\n\n{verdicts(aims)}")


def _worst(measured: Measured) -> float:
    return max(sample.disturbance for group in measured.values() for one in group.values() for sample in one.rounds)


def _write(
    options: argparse.Namespace, machine: dict[str, object], measured: Measured, memory: dict[str, int], aims: list[Aim]
) -> None:
    """Write frame.json and frame.svg."""
    titles = {one.name: one.title for one in options.contenders}
    found = {
        "benchmark": "frame",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "method": {
            "rounds": options.rounds, "seconds": options.seconds, "warm_up_seconds": WARM_UP_SECONDS,
            "lead_in_seconds": LEAD_IN_SECONDS,
            "connections": CONNECTIONS, "load": "wrk, one thread; server pinned to one core, wrk and Redis to another",
        },
        "endpoints": {
            endpoint.name: {name: figures.as_json() for name, figures in measured[endpoint.name].items()}
            for endpoint in ENDPOINTS
        },
        "worst_disturbance": round(_worst(measured), 3),
        "fair": _worst(measured) <= LIMIT,
        "peak_memory_bytes": memory,
        "aims": [{"aim": aim.text, "found": round(aim.found, 3), "hit": aim.hit} for aim in aims],
    }  # fmt: skip
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "frame.json").write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    (options.output / "frame.svg").write_text(
        chart_of(titles, machine, measured, rounds=options.rounds, seconds=options.seconds)
    )
    print(f"\nwritten: {options.output}/frame.json, frame.svg")


if __name__ == "__main__":
    sys.exit(main())
