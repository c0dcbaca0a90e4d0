"""Connections of urllib3 that tell the thread which they run in what they send."""

import logging
import ssl
from functools import cache
from socket import SO_SNDBUF, SOL_SOCKET, socket
from threading import Thread, current_thread
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

# Bytes. What the system holds back for a slow line counts as sent, and left to itself it holds back megabytes: these it
# doubles, and they are gone within seconds.
SEND_BUFFER = 128 * 1024
OPTIONS = [*HTTPConnection.default_socket_options, (SOL_SOCKET, SO_SNDBUF, SEND_BUFFER)]


class Carrier(Thread):
    """The thread that makes a call."""

    def about_to_send(self, connected: socket) -> None:
        """From now on something may reach them. What is raised here keeps it from being sent."""
        raise NotImplementedError

    def note_sent(self, size: int) -> None:
        """So many bytes more were sent."""
        raise NotImplementedError


def telling_pools(timeout: float, trust: ssl.SSLContext) -> PoolManager:
    """Return what makes requests, in a :class:`Carrier`; ``timeout``: seconds for each step."""
    _keep_addresses_out_of_the_log()
    pools = PoolManager(1, timeout=timeout, ssl_context=trust, socket_options=OPTIONS)
    pools.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    return pools


class _Telling:
    sock: Any

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()  # type: ignore[attr-defined]
        carrier = current_thread()
        assert isinstance(carrier, Carrier)
        carrier.about_to_send(self.sock)
        super().send(data)  # type: ignore[misc]
        carrier.note_sent(len(data))


class _Connection(_Telling, HTTPConnection):
    pass


class _SecureConnection(_Telling, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


@cache
def _keep_addresses_out_of_the_log() -> None:
    """A phone, a code or a signature may be in them, and urllib3 writes each down at DEBUG."""
    logging.getLogger("urllib3").setLevel(logging.INFO)
