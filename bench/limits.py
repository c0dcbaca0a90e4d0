"""What do rate limits cost? One app with its own, with Flask-Limiter's, and with none, in one run.

The same app answers the same request (`GET /users/me`) in this process; in turn it counts it against a limit of the
address and one of the user by itself, lets Flask-Limiter do so with its Redis storage and its headers switched on, or
does not count at all. Measured are the processor time of a request and the round trips to Redis.
"""

import argparse
import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from redis import Redis
from tqdm import tqdm
from werkzeug.test import create_environ

from bench.machine import describe, noise, redis_binary
from bench.processes import Program, free_port
from bench.report import Aim, aligned, verdicts
from flask_api import create_app
from flask_api.database_upgrade import upgrade_database
from flask_api.settings import load_settings

RESULTS = Path(__file__).with_name("results")
PHONE, PATH = "13800138000", "/api/v1/users/me"
MANY = "100000000 per minute"
OURS, THEIRS, NONE = "Solo's own", "Flask-Limiter", "no limits"
MOST_TRIPS = 1  # more than without limits
PACKAGES = ("flask", "flask-limiter", "limits", "redis", "hiredis")

Call = Callable[[], None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 1 when an aim was missed."""
    options = _options(arguments)
    if warning := noise():
        print(f"warning: {warning}", file=sys.stderr)
    machine = describe(PACKAGES)
    with tempfile.TemporaryDirectory(prefix="solo-bench-") as folder, _redis(Path(folder)) as url:
        calls = {name: _app(Path(folder) / str(number), url, name) for number, name in enumerate((OURS, THEIRS, NONE))}
        trips = {name: _trips(Redis.from_url(url), call) for name, call in calls.items()}
        seconds = _measure(calls, options.rounds, options.requests)
    return _tell(machine, trips, {name: median(found) * 1e6 for name, found in seconds.items()})


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, prog="make bench-limits")
    parser.add_argument("--rounds", type=int, default=9, help="how often each takes its turn (default: %(default)s)")
    parser.add_argument("--requests", type=int, default=1500, help="in each round (default: %(default)s)")
    return parser.parse_args(arguments)


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    port = free_port()
    command = [redis_binary(), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with Program("redis", command, port=port, log=folder / "redis.log", env={}):
        yield f"redis://127.0.0.1:{port}/0"


def _app(folder: Path, redis_url: str, name: str) -> Call:
    """Return what sends one request of somebody who is logged in."""
    folder.mkdir()
    limits = {"limit_per_address": MANY, "limit_per_user": MANY} if name == OURS else {}
    off = {} if limits else {"limit_per_address": "", "limit_per_user": ""}
    app = create_app(load_settings(folder, data_dir=folder, redis_url=redis_url, sms_code_interval=0, **limits, **off))
    upgrade_database(app)
    if name == THEIRS:
        _limit_by_flask_limiter(app, redis_url)
    client = app.test_client()
    code = client.post("/api/v1/auth/sms-codes", json={"phone": PHONE}).get_json()["data"]["code"]
    login = client.post("/api/v1/auth/sms-login", json={"phone": PHONE, "code": code}).get_json()["data"]
    environ = create_environ(PATH, headers={"token": login["token"]}) | {"REMOTE_ADDR": "127.0.0.1"}

    def call() -> None:
        statuses: list[str] = []

        def start_response(status: str, _headers: Any, _error: Any = None) -> Callable[[bytes], object]:
            statuses.append(status)
            return lambda _: None

        answer: Iterable[bytes] = app(dict(environ), start_response)
        list(answer)
        if statuses != ["200 OK"]:
            raise RuntimeError(f"{name} answered {statuses}")

    return call


def _limit_by_flask_limiter(app: Flask, redis_url: str) -> None:
    """Set the same two limits, one by address and one by user, as its documentation shows."""

    def user() -> str:
        return "1"  # what a lookup of the token would have found: counting is compared, not logging in

    limiter = Limiter(get_remote_address, app=app, storage_uri=redis_url, headers_enabled=True)
    for endpoint, view in list(app.view_functions.items()):
        app.view_functions[endpoint] = limiter.limit(MANY)(limiter.limit(MANY, key_func=user)(view))


def _trips(redis: Redis, call: Call) -> float:
    """Return how many round trips a request makes: reads of the server from its clients' sockets."""
    for _ in range(50):
        call()
    before = redis.info("stats")["total_reads_processed"]  # type: ignore[index]
    for _ in range(200):
        call()
    return round((int(redis.info("stats")["total_reads_processed"]) - before - 1) / 200, 2)  # type: ignore[index]


def _measure(calls: dict[str, Call], rounds: int, requests: int) -> dict[str, list[float]]:
    """Return the seconds of processor time that a request took, in each round of each."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    gc.collect()
    gc.freeze()
    for _ in tqdm(range(rounds), desc="rounds", disable=None):
        for name, call in calls.items():
            began = time.process_time()
            for _ in range(requests):
                call()
            seconds[name].append((time.process_time() - began) / requests)
    return seconds


def _tell(machine: dict[str, Any], trips: dict[str, float], micros: dict[str, float]) -> int:
    rows = [["", "CPU of a request", "of it limits", "round trips"]]
    rows += [
        [name, f"{micros[name]:.0f} µs", f"{micros[name] - micros[NONE]:.0f} µs", f"{trips[name]:g}"] for name in micros
    ]
    ratio = (micros[OURS] - micros[NONE]) / (micros[THEIRS] - micros[NONE])
    more = trips[OURS] - trips[NONE]
    aims = [
        Aim(f"at most {MOST_TRIPS} more round trip to Redis than without limits", more, more <= MOST_TRIPS),
        Aim("own limits cost less than Flask-Limiter's (ratio)", ratio, ratio < 1),
    ]
    print("\n".join(aligned(rows)))
    print(verdicts(aims))
    RESULTS.mkdir(exist_ok=True)
    told = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine, "trips": trips, "micros": micros}
    (RESULTS / "limits.json").write_text(json.dumps(told, indent=2) + "\n")
    return 0 if all(aim.hit for aim in aims) else 1


if __name__ == "__main__":
    sys.exit(main())
