"""A service outside, on loopback, which does what a test tells it: answer, hang, drip, talk nonsense, refuse.

::

    with Upstream() as upstream:
        upstream.answer = lambda request: (200, {"Content-Type": "application/json"}, b"{}")
        …                                     # the product calls upstream.url + "/path"
        assert upstream.requests[-1].json() == {"to": "+86…"}
        upstream.behaviour = "hang"           # or another Behaviour
"""

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from tests.services.process import Running

Behaviour = Literal[
    "answer",  # as ``answer`` says
    "raw",  # the bytes of ``raw``, as they are
    "hang",  # takes the request, and says nothing
    "hang_before_accepting",  # the queue of connections is full
    "slow",  # answers after ``seconds``
    "drip",  # the answer's body, a byte a time, each after ``seconds``
    "drip_headers",  # the same from the first byte of the answer on
    "garbage",  # bytes that are not HTTP
    "leave",  # takes the request and closes
    "refuse",  # nobody listens
]
GARBAGE = b"\x16\x03\x01 220 this is no HTTP\r\n\x00\xff\xfe\r\n\r\n"


@dataclass
class Request:
    """What arrived. Names of headers are small."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.time)

    def json(self) -> Any:
        """Return what the body holds as JSON."""
        return json.loads(self.body)

    def form(self) -> dict[str, str]:
        """Return what the body holds as a form."""
        return {name: values[-1] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}


Reply = tuple[int, Mapping[str, str], bytes]


def answer_ok(_request: Request) -> Reply:
    return 200, {"Content-Type": "application/json"}, b"{}"


class Upstream(Running):
    """Listens on a free port of loopback; ``url`` is its address, ``requests`` what came.

    Args:
        answer: from a request to status, headers, body. A Content-Length that it gives is sent as it is.
        behaviour: may be changed at any time; connections that hang are let go when it is.
        seconds: how slow it is where it is slow.
        tls: with a certificate for localhost; then the address is ``https://localhost:…``.
    """

    def __init__(
        self,
        answer: Callable[[Request], Reply] = answer_ok,
        behaviour: Behaviour = "answer",
        seconds: float = 1.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.answer = answer
        self.seconds = seconds
        self._tls = tls
        self.raw = b""
        self.requests: list[Request] = []
        self.connections = 0
        self._behaviour = behaviour
        self._changed = threading.Event()
        self._listener: socket.socket | None = None
        self._blockers: list[socket.socket] = []
        self._port = 0

    @property
    def url(self) -> str:
        """``http://127.0.0.1:<port>``; it stays the same when it refuses."""
        return f"https://localhost:{self._port}" if self._tls else f"http://127.0.0.1:{self._port}"

    @property
    def port(self) -> int:
        return self._port

    @property
    def behaviour(self) -> Behaviour:
        return self._behaviour

    @behaviour.setter
    def behaviour(self, wanted: Behaviour) -> None:
        self._close()
        self._behaviour = wanted
        self._open()

    def start(self) -> None:
        self._open()

    def stop(self) -> None:
        self._close()

    def _open(self) -> None:
        self._changed = threading.Event()
        listener = socket.create_server(("127.0.0.1", self._port), backlog=128)
        self._port = listener.getsockname()[1]
        if self._behaviour == "refuse":
            listener.close()
        elif self._behaviour == "hang_before_accepting":
            listener.listen(0)
            self._listener = listener
            self._blockers = [_knock(self._port) for _ in range(3)]
        else:
            self._listener = listener
            threading.Thread(target=self._accept, args=(listener, self._changed), daemon=True).start()

    def _close(self) -> None:
        self._changed.set()
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # wakes who accepts
            self._listener.close()
            self._listener = None
        for blocker in self._blockers:
            blocker.close()
        self._blockers = []

    def _accept(self, listener: socket.socket, changed: threading.Event) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(client, changed), daemon=True).start()

    def _serve(self, accepted: socket.socket, changed: threading.Event) -> None:
        accepted.settimeout(30)
        with suppress(OSError), accepted, self._secured(accepted) as client:
            request = _read(client)
            if request is None:
                return
            self.requests.append(request)
            if self._behaviour == "hang":
                changed.wait(30)
            elif self._behaviour == "garbage":
                client.sendall(GARBAGE)
            elif self._behaviour == "raw":
                client.sendall(self.raw)
            elif self._behaviour != "leave":
                self._reply(client, request, changed)

    def _secured(self, accepted: socket.socket) -> socket.socket:
        return self._tls.wrap_socket(accepted, server_side=True) if self._tls else accepted

    def _reply(self, client: socket.socket, request: Request, changed: threading.Event) -> None:
        if self._behaviour == "slow":
            changed.wait(self.seconds)
        status, headers, body = self.answer(request)
        names = {name.lower() for name in headers}
        framing = {} if "content-length" in names else {"Content-Length": str(len(body))}
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
        lines += [f"{name}: {value}" for name, value in {**headers, **framing, "Connection": "close"}.items()]
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        if self._behaviour == "drip_headers":
            head, body = b"", head + body
        client.sendall(head)
        if self._behaviour not in ("drip", "drip_headers"):
            client.sendall(body)
            return
        for number in range(len(body)):
            if changed.wait(self.seconds):
                return
            client.sendall(body[number : number + 1])


def _knock(port: int) -> socket.socket:
    """Begin to connect, and do not wait for it."""
    knocking = socket.socket()
    knocking.setblocking(False)
    with suppress(BlockingIOError):
        knocking.connect(("127.0.0.1", port))
    return knocking


def _read(client: socket.socket) -> Request | None:
    with client.makefile("rb") as stream:
        line = stream.readline().decode("latin-1").split()
        if len(line) != 3:
            return None
        headers: dict[str, str] = {}
        while (one := stream.readline().strip()) != b"":
            name, _, value = one.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", 0)))
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = _unchunked(stream)
    url = urlsplit(line[1])
    query = {name: values[-1] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
    return Request(line[0], url.path, query, headers, body)


def _unchunked(stream: Any) -> bytes:
    body = b""
    while size := int(stream.readline().split(b";")[0], 16):
        body += stream.read(size)
        stream.readline()
    stream.readline()
    return body
