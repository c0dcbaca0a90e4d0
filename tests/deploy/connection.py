"""A connection of a plain HTTP/1.1 client on asyncio: no retries, so that whatever is dropped shows."""

import asyncio
import ssl
import time
from dataclasses import dataclass


class BadAnswer(Exception):
    """What came is not an HTTP answer, or not all of one."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    closes: bool  # the server wants no further request on this connection


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect to; ``tls`` is None for plain HTTP."""

    address: str
    port: int
    host: str  # as in the Host header and the certificate
    tls: ssl.SSLContext | None = None


class Connection:
    """One connection; its user decides whether it is kept for the next request."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self._reader, self._writer, self._host = reader, writer, host
        self.used_at = time.monotonic()

    @classmethod
    async def open(cls, target: Target, source: str) -> "Connection":
        """Connect, from a given address of this machine.

        Raises:
            OSError: refused, reset, bad certificate.
        """
        name = target.host if target.tls else None
        reader, writer = await asyncio.open_connection(
            target.address, target.port, ssl=target.tls, server_hostname=name, local_addr=(source, 0)
        )
        return cls(reader, writer, target.host)

    async def ask(self, method: str, path: str, headers: dict[str, str], body: bytes, *, last: bool) -> Answer:
        """Send a request and read the whole answer; ``last``: tell the server that no other will follow.

        Raises:
            OSError, BadAnswer: the connection broke, or the answer is none.
        """
        fields = {"Host": self._host, "Connection": "close" if last else "keep-alive", **headers}
        if body:
            fields |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self._writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        self.used_at = time.monotonic()
        try:
            return await self._read()
        except asyncio.IncompleteReadError as error:
            raise BadAnswer(f"the connection ended after {len(error.partial)} bytes of what was due") from None

    async def _read(self) -> Answer:
        lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        try:
            status = int(lines[0].split()[1])
        except (IndexError, ValueError):
            raise BadAnswer(f"this is not HTTP: {lines[0][:60]!r}") from None
        named = (line.split(":", 1) for line in lines[1:] if ":" in line)
        fields = {name.lower(): value.strip().lower() for name, value in named}
        if fields.get("transfer-encoding") == "chunked":
            body = await self._read_chunks()
        elif "content-length" in fields:
            body = await self._reader.readexactly(int(fields["content-length"]))
        else:
            raise BadAnswer("the answer does not tell its length")
        return Answer(status, body, fields.get("connection") == "close")

    async def _read_chunks(self) -> bytes:
        body = b""
        while size := int((await self._reader.readuntil(b"\r\n")).split(b";")[0], 16):
            body += (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readexactly(2)
        return body

    @property
    def is_closed(self) -> bool:
        """Whether the server has closed it, as it may while no request is under way."""
        return self._reader.at_eof() or self._reader.exception() is not None

    def close(self) -> None:
        self._writer.close()
