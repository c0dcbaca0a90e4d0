"""Requests at a steady rate, come what may: what a service's clients are, and what a benchmark of one is not.

Half of the clients keep their connection, the other half make a new one for each request. Nothing is tried again:
a connection that breaks under a request is a failure, even where RFC 9112 §9.3.1 lets a client repeat it.
"""

import asyncio
import math
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

CLIENTS = 20
PATIENCE_SECONDS = 10.0


@dataclass
class Seen:
    """What became of the requests."""

    outcomes: Counter[str] = field(default_factory=Counter)  # the status, or what went wrong
    latencies: list[float] = field(default_factory=list)  # seconds, from when a request was due

    @property
    def sent(self) -> int:
        """Return how many were sent."""
        return self.outcomes.total()

    @property
    def failures(self) -> dict[str, int]:
        """Return what was no success."""
        return {outcome: count for outcome, count in self.outcomes.items() if outcome != "200"}

    def percentile_ms(self, share: float) -> float:
        """Return the latency that this share of the requests did not exceed."""
        return percentile(self.latencies, share) * 1000


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that this share of them does not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


class SteadyLoad:
    """Sends GET requests in a thread while the with block runs; the block's end waits for all answers."""

    def __init__(self, host: str, port: int, path: str, *, rate: float) -> None:
        """Ask for ``path``, ``rate`` times a second."""
        self.seen = Seen()
        self._host, self._port, self._rate = host, port, rate
        self._path = path
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._ask_all()))

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Send no more, and wait for what is under way."""
        self._over.set()
        self._thread.join()

    async def _ask_all(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.gather(*(self._ask(began, number) for number in range(CLIENTS)))

    async def _ask(self, began: float, number: int) -> None:
        """Be one client: its requests are due at fixed times, also when an answer is late."""
        loop = asyncio.get_running_loop()
        kept: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        due = began + number / self._rate
        while not self._over.is_set():
            await asyncio.sleep(due - loop.time())
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    status, kept = await self._exchange(kept, keep=bool(number % 2))
            except (OSError, EOFError, TimeoutError, ValueError) as error:
                status, kept = type(error).__name__, None
            self.seen.outcomes[status] += 1
            self.seen.latencies.append(loop.time() - due)
            due += CLIENTS / self._rate

    async def _exchange(
        self, kept: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None, *, keep: bool
    ) -> tuple[str, tuple[asyncio.StreamReader, asyncio.StreamWriter] | None]:
        """Return the status of one answer, and the connection if both sides keep it."""
        reader, writer = kept or await asyncio.open_connection(self._host, self._port)
        wish = "keep-alive" if keep else "close"
        writer.write(f"GET {self._path} HTTP/1.1\r\nHost: localhost\r\nConnection: {wish}\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        await reader.readexactly(int(fields["content-length"]))
        if not keep or fields.get("connection") == "close":
            writer.close()
            return head.split(" ")[1], None
        return head.split(" ")[1], (reader, writer)
