"""The bytes of a client's requests: where a head ends, what belongs to a body."""

import asyncio
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from tornado.iostream import IOStream

from flask_api.core.errors import BadRequest, TooLarge
from flask_api.server.failures import HeadersTooLarge, RequestTimeout
from flask_api.server.request_head import RequestHead, refuse_odd_bytes

READ_SIZE = 16 * 1024
PIECE_SIZE = 256 * 1024  # of a body that is handed on as it comes
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?")
_CHUNK_LINE_SIZE = 256


@dataclass(frozen=True)
class Limits:
    """How much a client may send (bytes) and how long it may take (seconds)."""

    max_header_size: int
    max_body_size: int
    body_timeout: float
    idle_timeout: float
    stream_timeout: float = 1800


class Incoming:
    """Reads from a stream. What was read too far is kept for the next, pipelined request (RFC 9112 §9.3.2).

    Every method raises ``StreamClosedError`` when the client goes away.
    """

    def __init__(self, stream: IOStream, limits: Limits) -> None:
        self._stream = stream
        self._limits = limits
        self._buffer = b""
        self._position = 0
        self.block = b""

    @property
    def is_empty(self) -> bool:
        return self._position == len(self._buffer)

    async def wait(self) -> None:
        """Wait for the first byte of a request."""
        self.block = b""
        if self.is_empty:
            self._buffer = await self._stream.read_bytes(READ_SIZE, partial=True)
            self._position = 0

    async def read_head(self) -> bytes:
        """Read up to the empty line; the result, which lacks it, stays in ``block``.

        Raises:
            HeadersTooLarge: no empty line within the limit.
            BadRequest: there are bytes in it that no head may have.
            TimeoutError: it takes longer than ``body_timeout``.
        """
        end = self._buffer.find(b"\r\n\r\n", self._position)
        if end < 0 or self._buffer.startswith(b"\r\n", self._position):
            async with asyncio.timeout(self._limits.body_timeout):
                end = await self._rest_of_head()
        self.block = self._buffer[self._position : end]
        self._position = end + 4
        if len(self.block) > self._limits.max_header_size:
            raise HeadersTooLarge
        return self.block

    async def read_body(self, head: RequestHead) -> bytes:
        """Read the whole body.

        Raises:
            TooLarge: it is longer than ``max_body_size``.
            BadRequest: its chunks are malformed.
            RequestTimeout: it takes longer than ``body_timeout``.
        """
        length = head.content_length or 0
        end = self._position + length
        if not head.chunked and end <= len(self._buffer):
            body = self._buffer[self._position : end]
            self._position = end
            return body
        self._welcome(head)
        try:
            async with asyncio.timeout(self._limits.body_timeout):
                return await (self._read_chunked() if head.chunked else self._read(length))
        except TimeoutError:
            raise RequestTimeout from None

    async def pieces(self, head: RequestHead) -> AsyncGenerator[bytes, None]:
        """Yield a body of a known length as it comes, in pieces.

        Raises:
            RequestTimeout: nothing comes for ``body_timeout``, or the whole takes longer than ``stream_timeout``.
        """
        self._welcome(head)
        loop = asyncio.get_running_loop()
        end = loop.time() + self._limits.stream_timeout
        missing = head.content_length or 0
        while missing:
            if self.is_empty:
                try:
                    async with asyncio.timeout_at(min(end, loop.time() + self._limits.body_timeout)):
                        self._buffer = await self._stream.read_bytes(min(missing, PIECE_SIZE), partial=True)
                except TimeoutError:
                    raise RequestTimeout from None
                self._position = 0
            piece = self._buffer[self._position : self._position + missing]
            self._position += len(piece)
            missing -= len(piece)
            yield piece

    async def discard(self) -> None:
        """Read and forget until the client closes."""
        while True:
            await self._fill()
            self._position = len(self._buffer)

    def _welcome(self, head: RequestHead) -> None:
        """Ask for the body where the client waits to be asked (RFC 9110 §10.1.1)."""
        if self.is_empty and head.version == "HTTP/1.1" and head.headers.get("Expect", "").lower() == "100-continue":
            self._stream.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    async def _rest_of_head(self) -> int:
        while True:
            # An empty line or two before the request line are to be ignored (RFC 9112 §2.2).
            while self._buffer.startswith(b"\r\n", self._position):
                self._position += 2
            self.block = self._buffer[self._position :]
            end = self._buffer.find(b"\r\n\r\n", self._position)
            if end >= 0:
                return end
            if len(self.block) > self._limits.max_header_size:
                raise HeadersTooLarge
            refuse_odd_bytes(self.block.removesuffix(b"\r"))
            await self._fill()

    async def _read_chunked(self) -> bytes:
        body = bytearray()
        while size := await self._read_chunk_size():
            if len(body) + size > self._limits.max_body_size:
                raise TooLarge
            body += await self._read(size)
            if await self._read_line(_CHUNK_LINE_SIZE):
                raise BadRequest("A chunk of the body is longer than it says.")
        trailer_space = self._limits.max_header_size
        while line := await self._read_line(trailer_space):  # trailers may be dropped (RFC 9110 §6.5.1)
            trailer_space -= len(line)
        return bytes(body)

    async def _read_chunk_size(self) -> int:
        match = _CHUNK_LINE.fullmatch(await self._read_line(_CHUNK_LINE_SIZE))
        if not match:
            raise BadRequest("A chunk of the body is malformed.")
        return int(match[1], 16)

    async def _read_line(self, limit: int) -> bytes:
        while (end := self._buffer.find(b"\r\n", self._position)) < 0:
            if len(self._buffer) - self._position > limit:
                break
            await self._fill()
        line = self._buffer[self._position : end]
        if end < 0 or len(line) > limit:
            raise BadRequest("A line between the chunks of the body is too long.")
        self._position = end + 2
        return line

    async def _read(self, size: int) -> bytes:
        start = self._buffer[self._position : self._position + size]
        self._position += len(start)
        if len(start) == size:
            return start
        return start + await self._stream.read_bytes(size - len(start))

    async def _fill(self) -> None:
        # What has already arrived is read without a turn of the event loop; a fast client must not keep it to itself.
        await asyncio.sleep(0)
        self._buffer = self._buffer[self._position :] + await self._stream.read_bytes(READ_SIZE, partial=True)
        self._position = 0
