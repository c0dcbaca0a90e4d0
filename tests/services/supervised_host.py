"""An app host as a deployment leaves it: releases, a link to the current one, and supervisord with the shipped ini.

>>> with SupervisedHost(SOLO_DATABASE_URL="mysql+pymysql://…", SOLO_REDIS_URL="redis://…") as host:
...     requests.get(f"http://{host.address}/api/v1/health/live")
...     host.restart("solo_0")
"""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from xmlrpc.client import ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from tests.services.guarded import GuardedService
from tests.services.process import UNLIMITED, free_port

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("flask_api", "migrations", "logging.ini", "supervisord.ini", "manage.py", "tornado_server.py")
FIRST_RELEASE = "20260101T000000Z-000000000000"
PATIENCE = 30.0  # seconds
PRODUCTION = {
    "SOLO_ENVIRONMENT": "production",
    "SOLO_SECRET_KEY": "only-for-tests-only-for-tests-only-for-tests",
    "SOLO_ALLOWED_HOSTS": "localhost",
    "SOLO_SMS_PROVIDER": "none",
    "SOLO_TRUSTED_PROXIES": "127.0.0.1",
    "SOLO_SIGNED_AREAS": "",  # who logs in here does so by hand
    **UNLIMITED,
}


class SupervisedHost(GuardedService):
    """One host: ``<root>/current`` served by ``processes`` processes, which start again when they end.

    ``stop()`` and ``end()`` send SIGTERM to supervisord, ``kill()`` is the power cut, ``freeze()`` stops all processes.

    Args:
        root: a host that was deployed to already, with ``current`` and ``shared/.env``; none: one in its own folder,
            which holds a copy of the project and the settings below.
        port: where it listens; none: a free one.
        processes: how many, two at least.
        settings: more settings than PRODUCTION, by the names of the environment.
    """

    name = "host"
    start_seconds = 60.0

    def __init__(self, root: Path | None = None, *, port: int = 0, processes: int = 2, **settings: str) -> None:
        super().__init__()
        self.port = port or free_port()
        self.names = [f"solo_{number}" for number in range(processes)]
        self._root = root
        self._settings = {**PRODUCTION, "SOLO_PORT": str(self.port), "SOLO_WORKERS": str(processes), **settings}

    @property
    def root(self) -> Path:
        return self._root or self.folder / "solo"

    @property
    def current(self) -> Path:
        return self.root / "current"

    @property
    def address(self) -> str:
        """``address:port``, as nginx wants it."""
        return f"127.0.0.1:{self.port}"

    @property
    def supervisor(self) -> Any:
        """supervisord's own interface: ``host.supervisor.getAllProcessInfo()``, ``.stopProcess("solo:solo_0")``, …"""
        path = self.current / "var" / "run" / "supervisord.sock"
        return ServerProxy("http://localhost", SupervisorTransport(None, None, f"unix://{path}")).supervisor

    @property
    def leader(self) -> int | None:
        file = self.current / "var" / "run" / "supervisord.pid"
        text = file.read_text() if file.exists() else ""
        return int(text) if text else None

    def make_release(self, name: str) -> Path:
        """Copy the project to ``releases/<name>`` with the links that a deployment makes; does not make it current."""
        release = self.root / "releases" / name
        release.mkdir(parents=True)
        for part in PARTS:
            if (ROOT / part).is_dir():
                shutil.copytree(ROOT / part, release / part)
            else:
                shutil.copy2(ROOT / part, release / part)
        (release / "release.json").write_text("{}")
        (release / ".env").symlink_to("../../shared/.env")
        (release / "var").symlink_to("../../shared/var")
        (release / ".venv").symlink_to(sys.prefix)
        return release

    def switch(self, name: str) -> None:
        """Make a release current, as a deployment does; processes that start from now on run it."""
        link = self.root / "current.new"
        link.symlink_to(f"releases/{name}")
        link.rename(self.current)

    def manage(self, *arguments: str, folder: Path | None = None) -> "subprocess.CompletedProcess[str]":
        """Run manage.py on this host; of the current release, or in another folder."""
        folder = folder or self.current
        command = [*self._clean_environment(), str(folder / ".venv/bin/python"), str(folder / "manage.py"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    def ask(self, name: str, path: str, host: str = "localhost") -> tuple[int, Any]:
        """Ask one process on its own socket; return status and JSON body.

        Raises:
            OSError: it does not answer.
        """
        client = http.client.HTTPConnection(host, timeout=5)
        client.sock = socket.socket(socket.AF_UNIX)
        try:
            client.sock.settimeout(5)
            client.sock.connect(str(self.current / "var" / "run" / f"{name}.sock"))
            client.request("GET", path)
            answer = client.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            client.close()

    def ready(self, name: str) -> dict[str, Any] | None:
        """What a process says at /health/ready; None when it is not there, or not ready."""
        try:
            status, said = self.ask(name, "/api/v1/health/ready")
        except (OSError, http.client.HTTPException):
            return None
        return said["data"] if status == 200 else None

    def release(self, name: str) -> str:
        """The release that a process says it runs; empty when it does not say."""
        return str((self.ready(name) or {}).get("release", ""))

    def pid(self, name: str) -> int:
        """The process id of a process, 0 when it does not run."""
        return int(self.supervisor.getProcessInfo(f"solo:{name}")["pid"])

    def restart(self, name: str) -> None:
        """Restart one process and wait until it is ready.

        Raises:
            AssertionError: it is not, in time.
        """
        self.supervisor.stopProcess(f"solo:{name}")
        self.supervisor.startProcess(f"solo:{name}", False)
        deadline = time.monotonic() + PATIENCE
        while self.ready(name) is None:
            assert time.monotonic() < deadline, f"{name} is not ready:\n{self._last_lines()}"
            time.sleep(0.05)

    def prepare(self) -> None:
        """Make the first release and its settings, unless there is a current one."""
        if self.current.exists():
            return
        self.make_release(FIRST_RELEASE)
        (self.root / "shared" / "var").mkdir(parents=True)
        (self.root / "shared" / ".env").write_text(
            "".join(f"{name}={value}\n" for name, value in self._settings.items())
        )
        self.switch(FIRST_RELEASE)

    def guarded_command(self) -> list[str]:
        program = [str(self.current / ".venv/bin/python"), str(self.current / "manage.py"), "supervise", "--foreground"]
        return [*self._clean_environment(), *program]

    def answers(self) -> bool:
        return self.leader is not None and all(self.ready(name) for name in self.names)

    def _last_lines(self) -> str:
        logs = [self.folder / "log", *(self.root / "shared/var/logs" / f"{name}.log" for name in self.names)]
        return "\n".join(line for log in logs if log.exists() for line in log.read_text().splitlines()[-10:])

    @staticmethod
    def _clean_environment() -> list[str]:
        """As after a login: what the tests have in their own environment is not for a host."""
        kept = ("PATH", "HOME", "LANG", "TMPDIR")
        return ["/usr/bin/env", "-i", *(f"{name}={os.environ[name]}" for name in kept if name in os.environ)]
