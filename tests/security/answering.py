"""A server that answers what it is told to, and remembers what it was sent."""

import threading
import time
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote_to_bytes

from flask_api.core.errors import failure_body
from flask_api.core.signatures import Signed
from tests.services.process import Running

Answer = tuple[int, str, dict[str, str]]  # HTTP status, word, headers


@dataclass(frozen=True)
class Sent:
    """A request that arrived."""

    method: str
    target: str
    headers: Message
    body: bytes

    def signed(self) -> Signed:
        """What of it version 2 signs."""
        path, _, query = self.target.partition("?")
        parts = {name: self.headers[header] for name, header in [("timestamp", "X-Timestamp"), ("nonce", "X-Nonce")]}
        return Signed(self.method, unquote_to_bytes(path), query, self.body, token=self.headers["token"], **parts)


class AnsweringServer(Running):
    """Listens at ``url``; ``seen`` is what arrived."""

    def __init__(self) -> None:
        self.seen: list[Sent] = []
        self._answers: dict[str, list[Answer]] = {}

    def answer(self, path: str, *answers: Answer) -> None:
        """Answer requests to a path so, one after the other; the last of them from then on."""
        self._answers[path] = list(answers)

    def start(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self.url = f"http://localhost:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def take(self, sent: Sent) -> Answer:
        """Remember a request and return its answer."""
        self.seen.append(sent)
        answers = self._answers[sent.target.partition("?")[0]]
        return answers.pop(0) if len(answers) > 1 else answers[0]


def _handler_of(server: AnsweringServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            code, status, headers = server.take(Sent(self.command, self.path, self.headers, body))
            self.send_response(code)
            for name, value in {"X-Server-Time": str(int(time.time())), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(failure_body(code, status, "", request_id=""))

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
