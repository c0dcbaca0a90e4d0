"""Request line and headers, read as strictly as RFC 9112 allows.

Whoever stands in front of us may read a doubtful message in another way; what can be read in two ways is refused,
so that no request can hide inside another.
"""

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from flask_api.core.errors import BadRequest, TooLarge

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_REQUEST_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21\x22\x24-\x7e]+) (HTTP/1\.[01])")
_ABSOLUTE_TARGET = re.compile(r"https?://([^/?]*)(/[^?]*)?(\?.*)?", re.IGNORECASE)
_HOST = re.compile(r"(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?")
_CONTROLS = bytes({*range(0x20), 0x7F} - {0x09, 0x0A, 0x0D})
_DIGITS = re.compile(r"[0-9]{1,18}")
LARGEST = 10**18 - 1  # bytes: what has so many digits
_SINGLE = {"Content-Length", "Host", "Content-Type"}
_ID_LINE = re.compile(rb"^x-request-id:([^\r\n]*)\r$", re.IGNORECASE | re.MULTILINE)


class RequestHead(NamedTuple):
    """Request line and headers. ``headers`` has names as ``Content-Type`` and each name once."""

    method: str
    target: str
    path: str
    query: str
    version: str
    headers: dict[str, str]
    keep_alive: bool
    content_length: int | None
    chunked: bool


def parse_request_head(block: bytes, max_body_size: int, streamed_prefixes: tuple[str, ...] = ()) -> RequestHead:
    """Read a request's head: all up to and without the empty line.

    On a path that starts with one of ``streamed_prefixes`` the handler judges how long a body may be.

    Raises:
        BadRequest: it is malformed or ambiguous (RFC 9112 §2.2, §3, §5, §6.3).
        TooLarge: it announces a body of more than ``max_body_size`` bytes.
    """
    refuse_odd_bytes(block)
    request_line, *lines = block.decode("latin-1").split("\r\n")
    match = _REQUEST_LINE.fullmatch(request_line)
    if not match:
        raise BadRequest("The request line is malformed.")
    method, target, version = match.groups()
    headers = _parse_headers(lines)
    knows_host = "Host" in headers or version == "HTTP/1.0"
    path, query = _split_target(method, target, headers)
    if not knows_host or not _is_host(headers.get("Host", "none")):
        raise BadRequest("The Host header is missing or malformed.")
    largest = LARGEST if path.startswith(streamed_prefixes) else max_body_size
    content_length, chunked = _framing(version, headers, largest)
    return RequestHead(
        method, target, path, query, version, headers, _keep_alive(version, headers), content_length, chunked
    )


def proposed_request_id(block: bytes) -> str | None:
    """Return what the client sent as X-Request-ID, even when the rest of the head is malformed."""
    match = _ID_LINE.search(block + b"\r")
    return match[1].strip(b" \t").decode("latin-1") if match else None


def unquoted_path(path: str) -> str:
    """Return the path as PEP 3333 wants it: percent-decoded bytes, each as the Latin-1 character of its value."""
    return unquote_to_bytes(path.encode("latin-1")).decode("latin-1") if "%" in path else path


def refuse_odd_bytes(block: bytes) -> None:
    """Refuse line ends other than CRLF, and control characters (RFC 9112 §2.2, RFC 9110 §5.5)."""
    breaks = block.count(b"\r\n")
    if block.count(b"\n") != breaks or block.count(b"\r") != breaks:
        raise BadRequest("Lines must end with CRLF.")
    if len(block.translate(None, _CONTROLS)) != len(block):
        raise BadRequest("The headers have control characters in them.")


def _parse_headers(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        raw_name, colon, value = line.partition(":")
        name = _header_name(raw_name) if colon else None
        if name is None:
            raise BadRequest("A header is malformed.")
        if not name:
            continue
        value = value.strip(" \t")
        if name not in headers:
            headers[name] = value
        elif name in _SINGLE:
            raise BadRequest(f"{name} may be sent only once.")
        else:
            headers[name] += ("; " if name == "Cookie" else ", ") + value
    return headers


@lru_cache(1024)
def _header_name(raw: str) -> str | None:
    """Return the name as ``Content-Type``, "" for a header to be dropped, None for what is no name.

    In WSGI's environ ``a_b`` and ``a-b`` are the same and ``Proxy`` becomes the HTTP_PROXY of CGI (httpoxy).
    """
    if not _TOKEN.fullmatch(raw):
        return None
    name = "-".join([part.capitalize() for part in raw.split("-")])
    return "" if "_" in name or name == "Proxy" else name


def _split_target(method: str, target: str, headers: dict[str, str]) -> tuple[str, str]:
    """Return path and raw query. An absolute target's authority takes the place of Host (RFC 9112 §3.2.2)."""
    if target[0] != "/":
        if target == "*" and method == "OPTIONS":
            return "*", ""
        match = _ABSOLUTE_TARGET.fullmatch(target)
        if not match:
            raise BadRequest("The request target is malformed.")
        headers["Host"] = match[1]
        return match[2] or "/", (match[3] or "?")[1:]
    path, _, query = target.partition("?")
    return path, query


@lru_cache(1024)
def _is_host(host: str) -> bool:
    match = _HOST.fullmatch(host)
    return match is not None and int(match[1] or 0) < 65536


def _framing(version: str, headers: dict[str, str], max_body_size: int) -> tuple[int | None, bool]:
    """Return the length announced, and whether the body is chunked (RFC 9112 §6.1–6.3)."""
    encoding, length = headers.get("Transfer-Encoding"), headers.get("Content-Length")
    if encoding is not None:
        if length is not None:
            raise BadRequest("Content-Length and Transfer-Encoding exclude each other.")
        if encoding.lower() != "chunked" or version != "HTTP/1.1":
            raise BadRequest("The only Transfer-Encoding is chunked, and it needs HTTP/1.1.")
        return None, True
    if length is None:
        return None, False
    if not length.isascii() or not length.isdigit():
        raise BadRequest("Content-Length must be a number.")
    if not _DIGITS.fullmatch(length) or int(length) > max_body_size:
        raise TooLarge
    return int(length), False


def _keep_alive(version: str, headers: dict[str, str]) -> bool:
    connection = headers.get("Connection")
    if connection is None:
        return version == "HTTP/1.1"
    options = {option.strip() for option in connection.lower().split(",")}
    return "close" not in options and (version == "HTTP/1.1" or "keep-alive" in options)
