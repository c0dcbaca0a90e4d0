"""One command on a host, on a channel of its own: lines of output as they come."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from fabric import Connection

MAX_STDERR = 100_000  # bytes kept


class Channel:
    """A command that has been started. ``stderr`` and ``exit_status`` count once lines() has ended.

    ``exit_status`` is None where the connection broke before the command ended.
    """

    def __init__(self, connection: Connection, command: str, silence: float | None = None) -> None:
        self._channel: Any = connection.create_session()
        self._channel.settimeout(silence)
        self._channel.exec_command(command)
        self.stderr = ""
        self.exit_status: int | None = None

    def lines(self) -> Iterator[str]:
        """Yield lines of stdout, without their ends, until the command ends.

        Raises:
            TimeoutError: it said nothing for longer than it may.
        """
        rest = b""
        while chunk := self._channel.recv(65536):
            *whole, rest = (rest + chunk).split(b"\n")
            yield from (line.decode(errors="replace").removesuffix("\r") for line in whole)
        if rest:
            yield rest.decode(errors="replace")
        errors = b""
        while len(errors) < MAX_STDERR and (chunk := self._channel.recv_stderr(65536)):
            errors += chunk
        self.stderr = errors.decode(errors="replace").strip()
        status = self._channel.recv_exit_status()
        self.exit_status = None if status < 0 else status

    def send(self, data: bytes) -> None:
        """Write to the command's stdin.

        Raises:
            OSError: it has ended, or the connection broke.
        """
        self._channel.sendall(data)

    @property
    def is_closed(self) -> bool:
        """Whether the command has ended or the connection is gone."""
        return bool(self._channel.closed or self._channel.eof_received or self._channel.exit_status_ready())

    def close(self) -> None:
        """Close its stdin and stop listening to it."""
        with suppress(Exception):  # the connection may be gone
            self._channel.shutdown_write()
            self._channel.close()
