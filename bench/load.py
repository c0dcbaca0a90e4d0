"""Load by wrk: one thread on one core, a few connections, latencies in full."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 16
PATIENCE_SECONDS = 20  # a slow answer is a latency, not an error
REPORT = Path(__file__).with_name("wrk_report.lua")


class LoadError(Exception):
    """wrk failed, or saw answers that are no success: the figures would mean nothing."""


class NoAnswerError(LoadError):
    """Not one answer came in all the time."""


@dataclass(frozen=True)
class Sample:
    """What one run of wrk saw."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    disturbance: float = 0.0  # the part of a core that others took meanwhile


def run_wrk(url: str, *, seconds: float, core: int, headers: Mapping[str, str]) -> Sample:
    """Load ``url`` for some seconds.

    Raises:
        LoadError: wrk failed, or not every answer was a success.
    """
    command = ["taskset", "--cpu-list", str(core), "wrk", "--threads=1", f"--connections={CONNECTIONS}"]
    command += [f"--timeout={PATIENCE_SECONDS}s"]
    command += [f"--duration={max(1, round(seconds))}s", "--latency", f"--script={REPORT}"]
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    ran = subprocess.run(
        [*command, url], capture_output=True, text=True, check=False, timeout=seconds + 2 * PATIENCE_SECONDS
    )
    last = ran.stdout.strip().splitlines()[-1:] or [""]
    if ran.returncode != 0 or not last[0].startswith("{"):
        raise LoadError(f"wrk on {url} failed: {ran.stdout}{ran.stderr}")
    seen = json.loads(last[0])
    failures = {name: count for name, count in seen["errors"].items() if count}
    if failures:
        raise LoadError(f"wrk on {url}: {seen['requests']} requests in {seen['seconds']:.1f} s, errors {failures}")
    if not seen["requests"]:
        raise NoAnswerError(f"wrk on {url}: not one answer in {seen['seconds']:.1f} s")
    return Sample(seen["requests"] / seen["seconds"], p50_ms=seen["p50_us"] / 1000, p99_ms=seen["p99_us"] / 1000)
