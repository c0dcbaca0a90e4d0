"""The access log: one line for each request, whoever answered it. Where the lines go is said in logging.ini.

Lines are made some at a time, as logging is four times as slow when the processor has to fetch its code and data anew
for each. Handlers may gather them further: a write(2) lets go of the interpreter's lock, and getting it back among busy
workers takes 40 µs. So whoever serves calls ``flush_now_and_then``.

No query strings and no headers but User-Agent: tokens and what people search for stay out of it. Nor is a part of a
path written that is as long as a token: no address of ours has one, so somebody has pasted what is secret.
"""

import asyncio
import logging
import re
import time
from dataclasses import dataclass, field

from flask_api.core.logs import MASK
from flask_api.server.request_head import RequestHead

log = logging.getLogger("flask_api.access")
FLUSH_EVERY = 0.5  # seconds
AT_ONCE = 32  # lines
MAX_LENGTH = 300  # characters of what the client chose itself
MAX_PART = 40  # characters between two slashes; a token has more
TOO_LONG_PART = re.compile(rf"[^/]{{{MAX_PART + 1},}}")


@dataclass(slots=True)
class Exchange:
    """A request and how it was answered. ``head`` is None where none could be read."""

    head: RequestHead | None
    client: str
    request_id: str
    status: int
    size: int  # bytes of the answer's body
    seconds: float
    at: float = field(default_factory=time.time)


_waiting: list[Exchange] = []


def log_exchange(exchange: Exchange) -> None:
    """Have the line written with the next few, if anybody wants it."""
    if log.isEnabledFor(logging.INFO):
        _waiting.append(exchange)
        if len(_waiting) >= AT_ONCE:
            _write()


def _write() -> None:
    global _waiting
    exchanges, _waiting = _waiting, []
    for exchange in exchanges:
        log.handle(_record(exchange))


def _record(exchange: Exchange) -> logging.LogRecord:
    """Make the record by hand: ``log.info`` would walk the stack for the caller's name, which is always this one."""
    head = exchange.head
    method, path, agent = (head.method, head.path, head.headers.get("User-Agent")) if head else (None, None, None)
    if path and len(path) > MAX_PART:
        path = TOO_LONG_PART.sub(MASK, path)
    record = logging.LogRecord(
        log.name, logging.INFO, __file__, 0, "%s %s %d", (method, path, exchange.status), None, "log_exchange"
    )
    record.created, record.msecs = exchange.at, exchange.at % 1 * 1000
    record.access = {
        "request_id": exchange.request_id,
        "client": exchange.client,
        "method": method and method[:MAX_LENGTH],
        "path": path and path[:MAX_LENGTH],
        "status": exchange.status,
        "bytes": exchange.size,
        "milliseconds": round(exchange.seconds * 1000, 1),
        "agent": agent and agent[:MAX_LENGTH],
    }
    return record


async def flush_now_and_then() -> None:
    """Write what was gathered, until cancelled, and then once more."""
    try:
        while True:
            await asyncio.sleep(FLUSH_EVERY)
            flush()
    finally:
        flush()


def flush() -> None:
    """Write all lines that wait."""
    _write()
    for handler in log.handlers:
        try:
            handler.flush()
        except OSError:
            handler.handleError(logging.makeLogRecord({"msg": "the access log cannot be written"}))
