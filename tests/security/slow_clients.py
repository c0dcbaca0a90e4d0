"""Clients that never come to an end: each sends a byte now and then, and never all of its request.

    python -m tests.security.slow_clients ADDRESS COUNT

A third never end their headers, a third never end their body, and a third do not read their answers. Who is
disconnected comes back at once. Each second a line says how many are connected.
"""

import argparse
import random
import selectors
import socket
import sys
import time
from contextlib import suppress

BYTE_EVERY = 5.0  # seconds, each client
TICK = 0.1  # seconds
HEAD = b"POST /api/v1/auth/sms-login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
LIST = b"GET /api/v1/blog/posts?limit=30 HTTP/1.1\r\nHost: localhost\r\n\r\n"
SMALL = 4096  # bytes that a client which does not read has room for
NEWCOMERS = 30  # in a tick: all at once would be a flood, which is another attack
# How each kind begins, and what it goes on with.
KINDS = [(HEAD + b"X-Slow: ", b"x"), (HEAD + b"Content-Length: 100000\r\n\r\n{", b" "), (LIST, b"")]


class SlowClients:
    """Keeps so many connections open."""

    def __init__(self, target: tuple[str, int], count: int) -> None:
        self._target, self._count = target, count
        self._selector = selectors.DefaultSelector()
        self._due: dict[socket.socket, float] = {}
        self._more: dict[socket.socket, bytes] = {}
        self._number = 0

    @property
    def connected(self) -> int:
        return len(self._due)

    def turn(self) -> None:
        """Connect who is missing, let those send whose time has come, notice who was disconnected."""
        for _ in range(min(NEWCOMERS, self._count - len(self._due))):
            self._connect()
        for key, _ in self._selector.select(TICK):
            self._hear(key.fileobj)  # type: ignore[arg-type]
        now = time.monotonic()
        for client in [client for client, due in self._due.items() if due <= now]:
            self._due[client] = now + BYTE_EVERY
            try:
                client.send(self._more[client])
            except BlockingIOError:
                pass
            except OSError:
                self._drop(client)

    def _connect(self) -> None:
        begins, more = KINDS[self._number % len(KINDS)]
        self._number += 1
        client = socket.socket()
        if not more:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        else:
            self._selector.register(client, selectors.EVENT_READ)
        client.settimeout(10)
        client.connect(self._target)
        client.sendall(begins)
        client.setblocking(False)
        self._due[client] = time.monotonic() + random.uniform(0, BYTE_EVERY)
        self._more[client] = more

    def _hear(self, client: socket.socket) -> None:
        """An answer here is a refusal: the server has waited long enough."""
        with suppress(OSError):
            client.recv(65536)
        self._drop(client)

    def _drop(self, client: socket.socket) -> None:
        with suppress(KeyError):
            self._selector.unregister(client)
        del self._due[client], self._more[client]
        client.close()


def main() -> int:
    """The command line: see the module's text."""
    parser = argparse.ArgumentParser(prog="python -m tests.security.slow_clients")
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("count", type=int)
    given = parser.parse_args()
    clients, told = SlowClients((given.host, given.port), given.count), 0.0
    while True:
        clients.turn()
        if time.monotonic() >= told:
            told = time.monotonic() + 1
            print(clients.connected, flush=True)


if __name__ == "__main__":
    sys.exit(main())
