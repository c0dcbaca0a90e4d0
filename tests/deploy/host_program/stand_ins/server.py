"""Stands in for tornado_server.py: serves on fd 0 and on a socket of its own, and says which release it is of.

    python server.py PROCESS_SOCKET

The file ``behaviour`` beside it says how: ``good``, or a word that is looked for below.
"""

import json
import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

FOLDER = Path.cwd()
BEHAVIOUR = (FOLDER / "behaviour").read_text()
DRAIN = 0.2  # seconds


def answer() -> bytes:
    release = "development" if BEHAVIOUR == "nameless" else FOLDER.name
    if BEHAVIOUR == "never_ready":
        told = {"code": 503, "message": "This process cannot serve now."}
        told["errors"] = [{"field": "database", "message": "away"}]
    else:
        told = {"code": 200, "data": {"database": "ok", "release": release}}
    body = json.dumps(told).encode()
    return b"HTTP/1.1 %d Said\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (told["code"], len(body), body)


def listen(path: str) -> socket.socket:
    with suppress(FileNotFoundError):
        os.unlink(path)
    own = socket.socket(socket.AF_UNIX)
    own.bind(path)
    own.listen()
    return own


def serve_one(server: socket.socket) -> None:
    try:
        client, _ = server.accept()
    except BlockingIOError:  # the other process was faster
        return
    with client, suppress(OSError):
        client.settimeout(5)
        client.recv(4096)
        client.sendall(answer())


def main() -> int:
    if BEHAVIOUR == "crash":
        print("RuntimeError: the settings are upside down", file=sys.stderr)
        return 3
    if BEHAVIOUR == "never_ready":
        with (FOLDER / "var/logs/solo.log").open("a") as log:
            log.write("the database is away\n")
    ending: list[float] = []
    if BEHAVIOUR == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, lambda *_: ending.append(time.monotonic() + DRAIN))
    shared = socket.socket(fileno=0)
    shared.setblocking(False)
    own = listen(sys.argv[1])
    owner = int(os.environ["SOLO_TEST_OWNER"])
    dies_at = time.monotonic() + (0.3 if BEHAVIOUR == "crash_soon" else 1e9)
    while not ending or time.monotonic() < ending[0]:
        os.kill(owner, 0)  # the test run has ended, and so must this
        if time.monotonic() > dies_at:
            print("RuntimeError: out of luck", file=sys.stderr)
            return 4
        for server in select.select([own] if ending or BEHAVIOUR == "never_ready" else [own, shared], [], [], 0.1)[0]:
            serve_one(server)
    return 0


if __name__ == "__main__":
    sys.exit(main())
