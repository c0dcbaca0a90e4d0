"""A thousand slow connections, and how long the others wait meanwhile.

Latency is measured in turns, without and with them, and of the turns' p99 the median counts: what else the machine
does for a while does not. It wants the machine for itself all the same.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.security.barrage import Barrage, request_bytes, target_of
from tests.security.figures import Figure, Part, Sizes, progress
from tests.security.two_servers import TwoServers
from tests.services.process import Running, die_with_parent

TURNS = 6  # with and without in turn
MOST = 1.2  # times as long
LONG = "x" * 10_000  # 30 posts of it are more than a connection holds whose client does not read
REQUEST = request_bytes("GET", "/blog/posts?limit=1")


class Slow(Running):
    """The slow clients, in a process of their own: see slow_clients.py."""

    def __init__(self, address: str, count: int) -> None:
        host, port = target_of(address)
        self._count = count
        self._command = [sys.executable, "-m", "tests.security.slow_clients", host, str(port), str(count)]

    def start(self) -> None:
        """Start them and wait until all are connected."""
        root = Path(__file__).resolve().parents[2]
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, text=True, cwd=root, preexec_fn=die_with_parent()
        )
        assert self._process.stdout is not None
        while (line := self._process.stdout.readline()) and int(line) < self._count:
            pass
        assert line, "the slow clients ended"

    def stop(self) -> int:
        """End them; return how many were connected at the worst moment."""
        self._process.terminate()
        told, _ = self._process.communicate()
        return min((int(line) for line in told.split()), default=0)


def latencies(line: Barrage, seconds: float) -> list[float]:
    """Ask one request after the other; return milliseconds."""
    found, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.perf_counter()
        (outcome,) = line.send([REQUEST])
        found.append((time.perf_counter() - began) * 1000)
        assert outcome.code == 200, outcome
    return found


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def run(sizes: Sizes) -> list[Figure]:
    found: dict[bool, list[list[float]]] = {False: [], True: []}
    fewest = sizes.slow
    with tempfile.TemporaryDirectory() as folder, TwoServers(Path(folder)) as site:
        author, category = site.make.user(), site.make.category()
        for _ in range(30):
            site.make.post(author, category, body=LONG)
        address = site.servers[0].address
        line = Barrage([address], 1)
        latencies(line, sizes.seconds / 2)  # to warm up
        for turn in progress(range(2 * TURNS), "slow connections"):
            with_slow = turn % 2 == 1
            slow = Slow(address, sizes.slow)
            if with_slow:
                slow.start()
            latencies(line, sizes.seconds / 5)  # until they have settled
            found[with_slow].append(latencies(line, sizes.seconds))
            if with_slow:
                fewest = min(fewest, slow.stop())
        line.close()
    return figures(found, sizes, fewest)


def figures(found: dict[bool, list[list[float]]], sizes: Sizes, fewest: int) -> list[Figure]:
    without, with_slow = (statistics.median(percentile(turn, 0.99) for turn in found[kind]) for kind in (False, True))
    ratio, count = with_slow / without, sum(map(len, found[True]))
    told = f"{ratio:.2f}× ({without:.2f} ms without, {with_slow:.2f} with; {count:,} requests)"
    connected = f"{fewest:,} at the worst moment"
    return [
        Figure(f"{sizes.slow:,} slow connections: p99 of the others", told, f"≤ {MOST}×", ratio <= MOST),
        Figure("slow connections that were open", connected, f"≥ {sizes.slow * 9 // 10:,}", fewest >= sizes.slow * 0.9),
    ]


PART = Part("slow", "slow connections beside honest clients", run)
