"""Each signed request is sent 32 times at once, over two server processes, while Redis is killed and started again.

None may be accepted twice, neither at once nor later. An honest client, which signs anew when it is told to, is
accepted in the end. Done with a Redis that keeps its data on disk, and with one that comes back empty.
"""

import json
import random
import tempfile
import time
from collections import Counter, deque
from pathlib import Path

from tests.security.barrage import Barrage, Outcome, request_bytes
from tests.security.figures import Figure, Part, Sizes, progress
from tests.security.signing_clients import SigningClient, make_signing_client
from tests.security.two_servers import TwoServers
from tests.services.redis_server import RedisServer

PATH = "/auth/sms-login"
ACCEPTED = "CODE_WRONG"  # the signature was accepted; the code comes after it, and is wrong
SIGN_ANEW = {"SERVICE_UNAVAILABLE", "CLOCK_SKEW", "NONCE_STORE_RENEWED", "LOST"}
MOST_TRIES = 30
KEPT = 1000  # accepted requests that are tried again after a restart
MOMENT = 0.02  # seconds within which the copies of one request are looked at
SHORT = 0.2  # seconds


class KeepingRedis(RedisServer):
    """Writes what it has done to a file before it answers, so that a kill loses nothing."""

    def command(self) -> list[str]:
        return [*super().command(), "--appendonly", "yes", "--appendfsync", "everysec"]


class Replays:
    """Sends, counts, and restarts Redis now and then."""

    def __init__(self, site: TwoServers, sizes: Sizes) -> None:
        self._site, self._sizes = site, sizes
        self._random = random.Random(sizes.seed)
        self._signer: SigningClient = make_signing_client(site.make.app)
        self._barrage = Barrage([server.address for server in site.servers], sizes.copies)
        self._accepted: deque[bytes] = deque(maxlen=KEPT)
        self._restart_at = {sizes.replays * (number + 1) // (sizes.restarts + 1) for number in range(sizes.restarts)}
        self._start_redis_at = 0.0
        self.words: Counter[str] = Counter()
        self.sent = self.twice = self.later = self.tries_of_old = self.restarts = 0
        self.refused: list[Counter[str]] = []

    def run(self, what: str) -> None:
        for number in progress(range(self._sizes.replays), what):
            kills = number in self._restart_at
            self._send_until_accepted(kill=kills)
            if kills:
                self._try_old_ones()
        self._start_redis_at = min(self._start_redis_at, time.monotonic())
        self._start_redis_if_due()
        self._try_old_ones()
        self._barrage.close()

    def _sign(self) -> bytes:
        """A request with another body each time, so that nothing but the nonce could tell copies apart."""
        body = {"phone": f"138{self._random.randrange(10**8):08d}", "code": "000000"}
        return request_bytes("POST", PATH, body, **self._signer.headers("POST", PATH, body=json.dumps(body).encode()))

    def _send_until_accepted(self, kill: bool) -> None:
        for _ in range(MOST_TRIES):
            request = self._sign()
            outcomes = self._send(request, kill)
            words = Counter(outcome.status for outcome in outcomes)
            self.twice += words[ACCEPTED] > 1
            if words[ACCEPTED]:
                self._accepted.append(request)
                return
            if not words.keys() & SIGN_ANEW:
                break
            kill = False
            self._wait(max(outcome.wait for outcome in outcomes))
        self.refused.append(words)

    def _send(self, request: bytes, kill: bool = False) -> list[Outcome]:
        outcomes = self._barrage.send([request] * self._sizes.copies, self._kill_redis if kill else lambda: None)
        self.sent += len(outcomes)
        self.words.update(outcome.status for outcome in outcomes)
        return outcomes

    def _kill_redis(self) -> None:
        """Kill it while copies are on their way. It is back before the last of them is looked at, or a while later."""
        time.sleep(self._random.uniform(0, MOMENT))
        self._site.redis.kill()
        self._start_redis_at = time.monotonic() + self._random.choice((0, self._random.uniform(0, 2)))
        self._start_redis_if_due()

    def _start_redis_if_due(self) -> None:
        if self._start_redis_at and time.monotonic() >= self._start_redis_at:
            self._site.redis.start()
            self._start_redis_at = 0.0
            self.restarts += 1

    def _wait(self, seconds: int) -> None:
        """Wait as long as the answer says; Redis comes back meanwhile if it is time."""
        time.sleep(max(SHORT, seconds if self._random.random() < 0.5 else 0))  # some clients are in a hurry
        self._start_redis_if_due()

    def _try_old_ones(self) -> None:
        """Send again what was accepted before."""
        for request in list(self._accepted):
            outcomes = self._barrage.send([request, request])  # one to each server
            self.tries_of_old += 1
            self.later += any(outcome.status == ACCEPTED for outcome in outcomes)


def run(sizes: Sizes) -> list[Figure]:
    figures = []
    for kind, redis in (("keeps its data", KeepingRedis()), ("comes back empty", RedisServer())):
        with tempfile.TemporaryDirectory() as folder, redis, TwoServers(Path(folder), redis=redis) as site:
            replays = Replays(site, sizes)
            replays.run(f"replays, a Redis that {kind}")
        figures += _figures(replays, sizes, kind)
    return figures


def _figures(replays: Replays, sizes: Sizes, kind: str) -> list[Figure]:
    what = f"{sizes.replays:,} requests × {sizes.copies}, Redis {kind}: "
    told = ", ".join(f"{count:,} {word}" for word, count in replays.words.most_common())
    return [
        Figure(f"{what}accepted twice", str(replays.twice), "0", replays.twice == 0),
        Figure(f"{what}accepted again later", f"{replays.later} of {replays.tries_of_old:,}", "0", replays.later == 0),
        Figure(f"{what}honest refused", str(len(replays.refused)), "0", not replays.refused),
        Figure(
            f"{what}restarts", f"{replays.restarts}; {told}", str(sizes.restarts), replays.restarts == sizes.restarts
        ),
    ]


PART = Part("replay", "signed requests sent again, at once and later", run)
