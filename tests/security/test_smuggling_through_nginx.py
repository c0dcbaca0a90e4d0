"""The corpus of doubtful requests (tests/server/test_request_framing.py) through nginx as it is shipped.

nginx refuses most of them. What it takes it writes anew, so that the app reads the same requests as nginx did: none
reaches the app that nginx has not seen, and none as a part of another.
"""

import logging
import re
import socket
import ssl
import time
from collections.abc import Iterator

import pytest

from flask_api.server.access_log import flush
from tests.server.conftest import RunningServer
from tests.server.test_request_framing import CHUNKED, REFUSED, REFUSED_CHUNKS
from tests.services.nginx import Nginx

CORPUS = {**REFUSED, **{f"chunks: {name}": CHUNKED + chunks for name, chunks in REFUSED_CHUNKS.items()}}
# What RFC 9112 lets a server put right, as nginx does: a line's end without CR (§2.2), a name that is none is left out.
PUT_RIGHT = {
    *("two spaces", "bare LF at the end of a line", "bare LF everywhere", "bare LF in a header", "no colon"),
    *("name with a Latin-1 letter", "chunks: bare LF after the size"),
}
# nginx passes on what the app then refuses; the connection to the client stays, as nginx knows where the next begins.
REFUSED_BY_THE_APP = {
    *("fragment in target", "host a:b", "host with a user", "host with a huge port", "host with an empty port"),
}
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
PATIENCE = {"client_header_timeout": "10s", "client_body_timeout": "15s", "keepalive_timeout": "65s"}
Requests = list[tuple[str, str]]


class Site:
    """nginx in front of one app process, in this one; both tell which requests they have read."""

    def __init__(self, nginx: Nginx, log: "AppLog") -> None:
        self.nginx, self._log = nginx, log
        self._context = ssl.create_default_context(cafile=nginx.certificate)

    def send(self, sent: bytes) -> bytes:
        """Send these bytes; return all that comes back."""
        with socket.create_connection(("127.0.0.1", self.nginx.https_port), timeout=10) as plain:
            stream = self._context.wrap_socket(plain, server_hostname="localhost")
            stream.sendall(sent)
            return b"".join(iter(lambda: stream.recv(65536), b""))

    def passed_on(self) -> Requests:
        """What nginx has passed on; an empty host status means that it has not."""
        lines = self.nginx.access_log()
        return [(line["method"], line["path"]) for line in lines if line["host_status"]]

    def read_by_both(self, at_least: int) -> tuple[Requests, Requests]:
        """What nginx has passed on and what the app's server has read; a head that it refused reads ("", "").

        Both write it down a moment after the answer.
        """
        deadline = time.monotonic() + 3
        while True:
            flush()
            passed, read = self.passed_on(), list(self._log.requests)
            if at_least <= len(passed) == len(read) or time.monotonic() > deadline:
                return passed, read


class AppLog(logging.Handler):
    """Gathers the app's access log."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.requests: Requests = []

    def emit(self, record: logging.LogRecord) -> None:
        access = record.access  # type: ignore[attr-defined]
        self.requests.append((access["method"] or "", access["path"] or ""))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    log, logger = AppLog(), logging.getLogger("flask_api.access")
    level = logger.level
    logger.addHandler(log)
    logger.setLevel(logging.INFO)
    server = RunningServer(tmp_path_factory.mktemp("app"), trusted_proxies=["127.0.0.1"])
    impatient = [(f"{name} {was}", f"{name} 300ms") for name, was in PATIENCE.items()]
    with Nginx([server.address.rpartition("/")[2].replace("localhost", "127.0.0.1")], changes=impatient) as nginx:
        yield Site(nginx, log)
    server.stop()
    logger.removeHandler(log)
    logger.setLevel(level)


@pytest.mark.parametrize("name", CORPUS)
def test_doubtful_request_hides_no_other(site: Site, name: str) -> None:
    before = len(site.passed_on())
    got = site.send(CORPUS[name].replace(b"solo.test", b"localhost") + HIDDEN)
    statuses = [int(status) for status in re.findall(rb"HTTP/1.1 (\d+) ", got)]
    answered = name in PUT_RIGHT | REFUSED_BY_THE_APP
    passed, read = site.read_by_both(before + 2 * answered)
    assert len(passed) == len(read)
    assert all(app in (nginx, ("", "")) for nginx, app in zip(passed, read, strict=True))
    if answered:
        assert statuses == [200 if name in PUT_RIGHT else 400, 200]
    else:
        assert statuses in ([400], [501], [505], [])  # none: what has no version is answered without a head
        assert not any(path == "/hidden" for _, path in passed[before:])


def test_corpus_has_what_the_exceptions_name() -> None:
    assert CORPUS.keys() >= PUT_RIGHT | REFUSED_BY_THE_APP
