"""Answers as bytes: the head and the body of one HTTP/1.1 response."""

import re
import time
from collections.abc import Iterable
from email.utils import formatdate
from typing import NamedTuple

# The server frames the message, names itself and says the time; an application has no say (PEP 3333, RFC 9110 §7.6.1).
_OURS = {"connection", "keep-alive", "transfer-encoding", "upgrade", "content-length", "date", "server"}
_STATUS = re.compile(r"[2-5][0-9][0-9] [\t\x20-\x7e\x80-\xff]*")
_NO_BODY = ("204", "304")

_date = (0, "")


class Answer(NamedTuple):
    """A response: the head without its last, empty line (the connection may still add a field) and the body."""

    head: bytes
    body: bytes


def build_answer(status: str, headers: Iterable[tuple[str, str]], body: bytes, *, to_head: bool = False) -> Answer:
    """Build the response that has this status (``200 OK``), these headers and this body.

    Content-Length is what is sent, whatever the headers say. The answer to HEAD has the length that GET would have
    and no body; 204 and 304 have neither (RFC 9110 §8.6, RFC 9112 §6.3).

    Raises:
        ValueError: the status or a header is none that HTTP allows.
    """
    if not _STATUS.fullmatch(status):
        raise ValueError(f"not a final HTTP status: {status!r}")
    lines = [f"HTTP/1.1 {status}\r\nServer: solo\r\nDate: {http_date()}"]
    declared_length = None
    for name, value in headers:
        lowered = name.lower()
        if lowered not in _OURS:
            lines.append(f"{name}: {value}")
        elif lowered == "content-length":
            declared_length = value
    if status.startswith(_NO_BODY):
        body = b""
    elif not to_head:
        lines.append(f"Content-Length: {len(body)}")
    else:
        length = declared_length or (str(len(body)) if body else None)
        if length is not None:
            lines.append(f"Content-Length: {length}")
        body = b""
    return Answer(_joined(lines), body)


def _joined(lines: list[str]) -> bytes:
    head = "\r\n".join(lines) + "\r\n"
    breaks = len(lines) + 2  # the first element holds three lines
    if head.count("\r") != breaks or head.count("\n") != breaks or "\0" in head:
        raise ValueError("a header has a line break or a NUL in it")
    return head.encode("latin-1")


def http_date() -> str:
    """Return the present time for the Date header (RFC 9110 §5.6.7), worked out once a second."""
    global _date  # noqa: PLW0603 (one tuple, swapped whole: safe between threads)
    now = int(time.time())
    if _date[0] != now:
        _date = now, formatdate(now, usegmt=True)
    return _date[1]
