"""Many connections that send at the same moment, and read what comes back."""

import json
import re
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from tests.server.wire import Wire

BASE = "/api/v1"
PATIENCE = 60.0  # seconds for an answer


class Outcome(NamedTuple):
    """HTTP status, the word for programs, and how long to wait if it says so; (0, "LOST", 0) when nothing came."""

    code: int
    status: str
    wait: int


LOST = Outcome(0, "LOST", 0)


class Barrage:
    """Connections to one or more servers, kept open; each in turn to the next server.

    Args:
        addresses: URLs of the servers.
        width: how many connections in all.
    """

    def __init__(self, addresses: Sequence[str], width: int) -> None:
        self._targets = [target_of(addresses[number % len(addresses)]) for number in range(width)]
        self._wires: list[Wire | None] = [None] * width

    def send(self, requests: Sequence[bytes], between: Callable[[], object] = lambda: None) -> list[Outcome]:
        """Send each request on a connection of its own, all before the first answer is read; return the outcomes.

        Args:
            between: what to do when all were sent and none was read.
        """
        wires = [self._open(number) for number in range(len(requests))]
        sent = [
            self._try_to_send(number, wire, data)
            for number, (wire, data) in enumerate(zip(wires, requests, strict=True))
        ]
        between()
        return [self._outcome(number) if was_sent else LOST for number, was_sent in enumerate(sent)]

    def close(self) -> None:
        """Close all connections."""
        for number in range(len(self._wires)):
            self._drop(number)

    def _open(self, number: int) -> Wire:
        wire = self._wires[number]
        if wire is None:
            self._wires[number] = wire = Wire(socket.create_connection(self._targets[number], timeout=PATIENCE))
            wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return wire

    def _try_to_send(self, number: int, wire: Wire, data: bytes) -> bool:
        try:
            wire.send(data)
        except OSError:
            self._drop(number)
            return False
        return True

    def _outcome(self, number: int) -> Outcome:
        wire = self._wires[number]
        assert wire is not None
        try:
            reply = wire.reply()
            outcome = Outcome(reply.code, reply.json["status"], int(reply.headers.get("retry-after", "0")))
        except (OSError, AssertionError, ValueError):
            self._drop(number)
            return LOST
        if reply.headers.get("connection") == "close":
            self._drop(number)
        return outcome

    def _drop(self, number: int) -> None:
        wire, self._wires[number] = self._wires[number], None
        if wire is not None:
            with suppress(OSError):
                wire.socket.close()


def target_of(address: str) -> tuple[str, int]:
    """Return host and port of a server's URL."""
    match = re.fullmatch(r"http://([^:/]+):(\d+)", address)
    assert match, address
    return match[1].replace("localhost", "127.0.0.1"), int(match[2])


def request_bytes(method: str, path: str, body: object = None, **headers: str) -> bytes:
    """Return a request to the API as it goes over the wire; the body is sent as JSON."""
    data = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {BASE}{path} HTTP/1.1", "Host: localhost"]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(data)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + data
