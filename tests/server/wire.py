"""A client that sends exactly the bytes it is told to, and reads answers one by one."""

import json
import re
import socket
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Reply:
    code: int
    reason: str
    headers: dict[str, str]  # names in lower case
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Wire:
    """One connection. ``closed`` reads to the end and tells whether the server has closed it."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self._file = sock.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self.socket.close()

    def send(self, data: bytes) -> Self:
        self.socket.sendall(data)
        return self

    def get(self, path: str = "/", *headers: str, method: str = "GET") -> Reply:
        lines = [f"{method} {path} HTTP/1.1", "Host: solo.test", *headers, "", ""]
        return self.send("\r\n".join(lines).encode("latin-1")).reply(method)

    def reply(self, method: str = "GET") -> Reply:
        status_line = self._file.readline().decode("latin-1")
        assert status_line.endswith("\r\n"), f"no answer: {status_line!r}"
        _, code, reason = status_line.rstrip("\r\n").split(" ", 2)
        headers: dict[str, str] = {}
        while (line := self._file.readline().decode("latin-1")) != "\r\n":
            name, value = line.rstrip("\r\n").split(": ", 1)
            assert name.lower() not in headers, f"{name} twice"
            headers[name.lower()] = value
        bodiless = method == "HEAD" or code in ("100", "101", "204", "304")
        body = b"" if bodiless else self._file.read(int(headers["content-length"]))
        return Reply(int(code), reason, headers, body)

    @property
    def closed(self) -> bool:
        try:
            return self._file.read() == b""
        except ConnectionResetError:
            return True


def assert_failure(reply: Reply, code: int, status: str) -> None:
    """Check the one shape of every failure, and that the id in it is the header's."""
    assert reply.code == code
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["server"] == "solo"
    assert "date" in reply.headers
    body = reply.json
    assert body.keys() == {"code", "status", "message", "request_id"}
    assert (body["code"], body["status"]) == (code, status)
    assert body["request_id"] == reply.headers["x-request-id"]
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", body["request_id"])
