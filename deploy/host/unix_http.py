"""HTTP over a Unix socket: how supervisord and the processes of the server are asked."""

import http.client
import socket
from pathlib import Path


class UnixConnection(http.client.HTTPConnection):
    """A connection to whoever listens on a Unix socket. ``timeout``: seconds for each step of an exchange."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path
        self._seconds = timeout

    def connect(self) -> None:
        """Connect.

        Raises:
            OSError: nobody listens there, or the path is too long for a socket (about 100 bytes).
        """
        self.sock = socket.socket(socket.AF_UNIX)
        try:
            self.sock.settimeout(self._seconds)
            self.sock.connect(str(self._path))
        except BaseException:
            self.sock.close()
            raise
