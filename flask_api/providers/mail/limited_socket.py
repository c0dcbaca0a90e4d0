"""Sockets with a deadline and a size for all that is done with them.

The time-out of a socket is for each read: a server that sends a byte every few seconds would hold us for ever.
"""

import socket
import ssl
import time
from typing import Any


class Limits:
    """What one exchange may take.

    Args:
        seconds: from now on, for everything together.
        size: bytes that may be read.
    """

    def __init__(self, seconds: float, size: int) -> None:
        self._deadline = time.monotonic() + seconds
        self._size = size

    def left(self) -> float:
        """Return the seconds that are left.

        Raises:
            TimeoutError: none are.
        """
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the whole exchange took too long")
        return left

    def count(self, received: int) -> None:
        """Count bytes read.

        Raises:
            OSError: it is too much.
        """
        self._size -= received
        if self._size < 0:
            raise OSError("the answers are too long")


class _Limited:
    """Reads and sends within the limits, once they are set."""

    limits: Limits | None = None

    def recv_into(self, *args: Any) -> int:
        self._watch()
        received: int = super().recv_into(*args)  # type: ignore[misc]
        if self.limits is not None:
            self.limits.count(received)
        return received

    def send(self, *args: Any) -> int:
        self._watch()
        sent: int = super().send(*args)  # type: ignore[misc]
        return sent

    def sendall(self, *args: Any) -> None:
        self._watch()
        super().sendall(*args)  # type: ignore[misc]

    def _watch(self) -> None:
        if self.limits is not None:
            self.settimeout(self.limits.left())  # type: ignore[attr-defined]


class LimitedSocket(_Limited, socket.socket):
    """A plain socket with limits."""


class LimitedTLS(_Limited, ssl.SSLSocket):
    """A TLS socket with limits; its handshake has the time-out that the plain socket was left with."""


def connect(host: str, port: int, limits: Limits) -> LimitedSocket:
    """Return a connection to the first of the host's addresses that answers.

    Looking up the name takes as long as the system's resolver lets it.

    Raises:
        OSError: none does, within the limits.
    """
    failure: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        plain = LimitedSocket(family, kind, protocol)
        plain.limits = limits
        try:
            plain.settimeout(limits.left())
            plain.connect(address)
        except OSError as error:
            plain.close()
            failure = error
        else:
            return plain
    raise failure
