"""A steady load: so many requests a second, whatever becomes of them. Runs by itself: see load.py.

It tells JSON lines: each second the figures so far, each failure at once, and at the end the numbers of all writes that
were acknowledged. Requests are sent when their time has come, not when an answer has made room (open loop), and latency
counts from that time; so a server that stalls for a second shows a second for all who came meanwhile. A failure is all
that is not a whole 2xx within 10 s.
"""

import argparse
import asyncio
import itertools
import json
import os
import random
import signal
import ssl
import sys
import time
from collections import Counter, defaultdict
from contextlib import suppress
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]
from tests.deploy.connection import Answer, BadAnswer, Connection, Target  # noqa: E402 - run by its path

TIMEOUT = 10.0  # seconds for one request, connecting included
NEW_CONNECTIONS = 0.1  # of the requests through nginx come on a connection of their own, as from newcomers
DIRECT = 0.1  # of the requests go to the hosts' own ports: there nobody tries another host when one fails
KEPT_SECONDS = 5.0  # after which a connection that idles is not used again: the server may be about to close it
KEPT_BY_NGINX, KEPT_BY_A_HOST = 200, 4  # connections; fewer, and a stall would be followed by a storm of new ones
PEOPLE = 100  # addresses that the requests come from: limits count by address
WRITES, MINE = 0.1, 0.3  # of the requests; the rest reads public lists
PERCENTILES = {"p50": 0.5, "p99": 0.99, "p999": 0.999, "longest": 1.0}
READS = ["/api/v1/blog/posts?limit=20", "/api/v1/blog/posts/pages?per_page=10", "/api/v1/blog/categories"]


class Generator:
    """Sends requests at a steady rate and counts what comes back."""

    def __init__(self, front: Target, hosts: list[Target], rate: float, token: str, name: str, categories: int) -> None:
        self.front, self.hosts, self.rate = front, hosts, rate
        self.token, self.name, self.categories = token, name, categories
        self.sent = self.answered = self.failed = 0
        self.counts: Counter[str] = Counter()
        self.latencies: Counter[int] = Counter()  # how many took so many tenths of a millisecond
        self.acknowledged: list[int] = []
        self.latest_start = 0.0  # seconds by which a request was sent after its time: more says we were starved
        self._kept: defaultdict[Target, list[Connection]] = defaultdict(list)
        self._numbers = itertools.count(1)
        self._random = random.Random(1)

    async def run(self, stopped: asyncio.Event) -> None:
        """Send until told to stop; return when all has been answered or has failed."""
        began, running = time.monotonic(), set()
        for number in itertools.count():
            due = began + number / self.rate
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            if stopped.is_set():
                break
            task = asyncio.create_task(self._send(due))
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)

    async def _send(self, due: float) -> None:
        self.sent += 1
        self.latest_start = max(self.latest_start, time.monotonic() - due)
        dice = self._random.random()
        target = self._random.choice(self.hosts) if self.hosts and self._random.random() < DIRECT else self.front
        method, path, number = "GET", self._random.choice(READS), 0
        if dice < WRITES:
            method, path, number = "POST", "/api/v1/blog/posts", next(self._numbers)
        elif dice < WRITES + MINE:
            path = "/api/v1/users/me"
        try:
            async with asyncio.timeout(TIMEOUT):
                answer = await self._ask(target, method, path, number)
            problem = "" if 200 <= answer.status < 300 else f"{answer.status} {answer.body[:200]!r}"
        except TimeoutError:
            problem = f"no answer within {TIMEOUT:g} s"
        except (OSError, BadAnswer, asyncio.LimitOverrunError) as error:
            problem = f"{type(error).__name__}: {error}"
        place = "host" if target in self.hosts else "nginx"
        self.counts[f"{method} {place}"] += 1
        self.latencies[round((time.monotonic() - due) * 10_000)] += 1
        if problem:
            self.failed += 1
            tell(failed=f"{method} {path} by {place}, port {target.port}: {problem}", at=time.time())
        else:
            self.answered += 1
            if number:
                self.acknowledged.append(number)

    async def _ask(self, target: Target, method: str, path: str, number: int) -> Answer:
        new = target is self.front and self._random.random() < NEW_CONNECTIONS
        self.counts["new connection" if new else "kept connection"] += 1
        connection = await self._connect(target, new)
        kept = False
        most = KEPT_BY_A_HOST if target in self.hosts else KEPT_BY_NGINX
        try:
            body = json.dumps(post(self.name, number, 1 + number % self.categories)).encode() if number else b""
            headers = {"Authorization": f"Bearer {self.token}"} if number or path.endswith("/me") else {}
            answer = await connection.ask(method, path, headers, body, last=new)
            kept = not new and not answer.closes and len(self._kept[target]) < most
        finally:
            self._kept[target].append(connection) if kept else connection.close()
        return answer

    async def _connect(self, target: Target, new: bool) -> Connection:
        while not new and (kept := self._kept[target]):
            connection = kept.pop(0)  # the one that has waited longest, so that none waits long
            if time.monotonic() - connection.used_at < KEPT_SECONDS and not connection.is_closed:
                return connection
            connection.close()
        return await Connection.open(target, f"127.0.1.{self._random.randint(1, PEOPLE)}")

    def figures(self) -> dict[str, object]:
        """What was counted so far; latencies in milliseconds."""
        return {
            "sent": self.sent,
            "answered": self.answered,
            "failed": self.failed,
            "writes": len(self.acknowledged),
            "latest_start": round(self.latest_start * 1000),
            **{name: self._percentile(part) for name, part in PERCENTILES.items()},
            **{name.replace(" ", "_"): count for name, count in sorted(self.counts.items())},
        }

    def _percentile(self, part: float) -> float:
        missing = self.latencies.total() * part
        for value, count in sorted(self.latencies.items()):
            missing -= count
            if missing <= 0:
                return value / 10
        return 0.0


def post(name: str, number: int, category_id: int) -> dict[str, object]:
    """The post that a write makes; no other has its title."""
    return {"title": f"{name} {number}", "body": "Written while it was deployed.", "category_id": category_id}


def tell(**line: object) -> None:
    """Say one thing to the process that started us."""
    print(json.dumps(line), flush=True)


async def _main(generator: Generator) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    sending = asyncio.create_task(generator.run(stopped))
    while not sending.done():
        await asyncio.wait([sending], timeout=1)
        tell(figures=generator.figures())
    await sending
    tell(acknowledged=generator.acknowledged)


def _target(text: str, host: str, tls: ssl.SSLContext | None = None) -> Target:
    address, _, port = text.rpartition(":")
    return Target(address, int(port), host, tls)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Send so many requests a second until SIGTERM; tell JSON lines.")
    parser.add_argument("front", metavar="ADDRESS:PORT", help="of nginx")
    parser.add_argument("--host", default="localhost", help="the name in the Host header (localhost)")
    parser.add_argument("--certificate", help="trust this one, and speak TLS to nginx")
    parser.add_argument("--direct", action="append", default=[], metavar="ADDRESS:PORT", help="of a host, asked too")
    parser.add_argument("--rate", type=float, default=200, help="requests a second (200)")
    parser.add_argument("--token", required=True, help="of the user who writes")
    parser.add_argument("--name", default="Load", help="what the titles of the posts begin with (Load)")
    parser.add_argument("--categories", type=int, default=1, help="how many there are to write to, ids from 1 (1)")
    given = parser.parse_args()
    with suppress(PermissionError):
        os.nice(-5)  # what is measured is the site, not how long we waited for a core; only root may
    tls = ssl.create_default_context(cafile=given.certificate) if given.certificate else None
    hosts = [_target(text, given.host) for text in given.direct]
    front = _target(given.front, given.host, tls)
    asyncio.run(_main(Generator(front, hosts, given.rate, given.token, given.name, given.categories)))


if __name__ == "__main__":
    main()
