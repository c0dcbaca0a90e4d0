"""One host of the site: a folder with its own supervisord, behind an sshd of its own."""

import fcntl
import json
import os
import secrets
import socket
import struct
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any

from tests.services.sshd import SshServer

PATIENCE = 10.0  # seconds for one answer
LASTING = range(10_000, 32_000)  # Linux takes the ports of outgoing connections from above


def lasting_port() -> int:
    """A free port that stays free until somebody binds it, and again when that one restarts."""
    while True:
        port = secrets.choice(LASTING)
        with socket.socket() as candidate:
            if candidate.connect_ex(("127.0.0.1", port)):
                return port


class UnixConnection(HTTPConnection):
    """HTTP by a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(str(self._path))


class Host:
    """What the drill knows of a host: it looks at the files and asks the processes, not the deployment's own tools."""

    def __init__(self, name: str, root: Path) -> None:
        self.name, self.root = name, root
        self.port = lasting_port()
        self.sshd = SshServer()

    def make(self, settings: dict[str, str]) -> None:
        """Do what an operator does once for a host: its settings, which are nobody else's to read."""
        shared = self.root / "shared"
        shared.mkdir(parents=True)
        lines = [f"SOLO_{name.upper()}={value}\n" for name, value in {**settings, "port": str(self.port)}.items()]
        (shared / ".env").write_text("".join(lines))
        (shared / ".env").chmod(0o600)

    @property
    def current(self) -> str | None:
        """The release that ``current`` leads to."""
        link = self.root / "current"
        return Path(os.readlink(link)).name if link.is_symlink() else None

    def states(self) -> dict[str, str]:
        """All releases, oldest first, and what became of each: prepared, good, failed."""
        folders = sorted(folder for folder in (self.root / "releases").glob("[0-9]*") if folder.is_dir())
        return {folder.name: self._state(folder) for folder in folders}

    def serving(self) -> dict[str, str]:
        """The release that each process says it is of, by the name of its socket; what is wrong, where one is not."""
        return {path.stem: _ready_release(path) for path in self._sockets()}

    def pids(self) -> dict[str, int]:
        """The process that listens on each socket."""
        found = {}
        for path in self._sockets():
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(path))
                told = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            found[path.stem] = int(struct.unpack("3i", told)[0])
        return found

    def is_whole(self) -> bool:
        """Whether all processes are ready, each with a release that is here."""
        serving, releases = self.serving(), self.states()
        return len(serving) >= 2 and all(release in releases for release in serving.values())

    def message(self) -> str:
        """What /health/live says on the host's own port, past nginx; each release says something else."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        return str(_get(connection, "/api/v1/health/live")[1]["message"])

    def change_setting(self, name: str, value: str) -> None:
        """Add a line to the settings; of two, the last one counts."""
        with (self.root / "shared" / ".env").open("a") as file:
            file.write(f"SOLO_{name.upper()}={value}\n")

    def answers_to(self, name: str) -> bool:
        """Whether clients may call it so, on the host's own port: a setting, for all to see."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        return _get(connection, "/api/v1/health/live", name)[0] == 200

    def is_locked(self) -> bool:
        """Whether a deployment holds the host."""
        lock = self.root / "deploy.lock"
        if not lock.exists():
            return False
        with lock.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    def _sockets(self) -> list[Path]:
        run = self.root / "shared" / "var" / "run"
        return [path for path in sorted(run.glob("*.sock")) if path.name != "supervisord.sock"]

    def _state(self, folder: Path) -> str:
        file = folder / "state.json"
        return str(json.loads(file.read_text())["state"]) if file.exists() else "none"


def _ready_release(path: Path) -> str:
    try:
        status, answer = _get(UnixConnection(path), "/api/v1/health/ready")
    except (OSError, HTTPException) as error:
        return f"{type(error).__name__}: {error}"
    return str(answer["data"]["release"]) if status == 200 else f"{status} {answer}"


def _get(connection: HTTPConnection, path: str, name: str = "localhost") -> tuple[int, Any]:
    try:
        connection.request("GET", path, headers={"Host": name, "Connection": "close"})
        response: HTTPResponse = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()
