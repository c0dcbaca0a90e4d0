"""The access log: one line for each request, whoever answered it. Where the lines go is said in logging.ini.

Lines may be gathered before they are written, as a write(2) lets go of the interpreter's lock and getting it back
among busy workers takes 40 µs; so whoever serves calls ``flush_now_and_then``.

No query strings and no headers but User-Agent: tokens and what people search for stay out of it.
"""

import asyncio
import logging
from dataclasses import dataclass

from flask_api.server.request_head import RequestHead

log = logging.getLogger("flask_api.access")
FLUSH_EVERY = 0.5  # seconds
MAX_LENGTH = 300  # characters of what the client chose itself


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and how it was answered. ``head`` is None where none could be read."""

    head: RequestHead | None
    client: str
    request_id: str
    status: int
    size: int  # bytes of the answer's body
    seconds: float


def log_exchange(exchange: Exchange) -> None:
    """Write the line, if anybody wants it.

    The record is made by hand: ``log.info`` would walk the stack for the caller's name, which is always this one.
    """
    if not log.isEnabledFor(logging.INFO):
        return
    head = exchange.head
    method, path, agent = (head.method, head.path, head.headers.get("User-Agent")) if head else (None, None, None)
    record = logging.LogRecord(
        log.name, logging.INFO, __file__, 0, "%s %s %d", (method, path, exchange.status), None, "log_exchange"
    )
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
    log.handle(record)


async def flush_now_and_then() -> None:
    """Have the handlers write what they gathered, until cancelled, and then once more."""
    try:
        while True:
            await asyncio.sleep(FLUSH_EVERY)
            _flush()
    finally:
        _flush()


def _flush() -> None:
    for handler in log.handlers:
        try:
            handler.flush()
        except OSError:
            handler.handleError(logging.makeLogRecord({"msg": "the access log cannot be written"}))
