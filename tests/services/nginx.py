"""nginx with the site that is shipped (deploy/nginx.conf), as a plain process on free ports.

>>> with Nginx(["127.0.0.1:8001", "127.0.0.1:8002"]) as nginx:
...     requests.get(f"{nginx.url}/api/v1/health/live", verify=nginx.certificate)
"""

import json
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.services.guarded import GuardedService
from tests.services.process import free_port

SITE = Path(__file__).resolve().parents[2] / "deploy" / "nginx.conf"
PER_HOST = "max_fails=3 fail_timeout=2s"
MAIN = """\
{user}
worker_processes 2;
daemon off;
pid {folder}/pid;
error_log {folder}/nginx-error.log warn;
events {{ worker_connections 2048; }}
http {{
    include /etc/nginx/mime.types;
    access_log off;
    {temporary}
    include {folder}/site.conf;
}}
"""
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class NginxMissing(Exception):
    """The program is not installed."""

    def __init__(self) -> None:
        super().__init__("nginx is missing: apt-get install nginx")


class Nginx(GuardedService):
    """nginx in front of app hosts, with TLS and a certificate of its own for ``localhost``.

    Args:
        hosts: the app hosts, each ``address:port``. Assign to ``hosts`` and call ``reload()`` for others.
        media: the folder that holds ``media/``; none: a folder that is empty.
        rate: requests a second that one client address may send; None: as shipped.
        changes: (pattern, replacement) for the site file, applied last; each must be found.
    """

    name = "nginx"
    goodbye = signal.SIGQUIT

    def __init__(
        self,
        hosts: Sequence[str],
        *,
        media: Path | None = None,
        rate: int | None = None,
        changes: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__()
        self.hosts = list(hosts)
        self.http_port, self.https_port = free_port(), free_port()
        self._media, self._rate, self._changes = media, rate, changes

    @property
    def url(self) -> str:
        return f"https://localhost:{self.https_port}"

    @property
    def http_url(self) -> str:
        return f"http://localhost:{self.http_port}"

    @property
    def certificate(self) -> str:
        """The file by which clients know it: ``requests.get(…, verify=nginx.certificate)``."""
        return str(self.folder / "certificate.pem")

    def access_log(self) -> list[dict[str, Any]]:
        """What it logged so far."""
        lines = (self.folder / "access.log").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def logged(self) -> str:
        """All that it wrote anywhere, as one text."""
        return "".join(file.read_text(errors="replace") for file in self.folder.glob("*log"))

    def reload(self) -> None:
        """Let it read its files again, as ``systemctl reload nginx`` does; requests under way are not disturbed.

        Raises:
            AssertionError: the files are not fit.
        """
        self.prepare()
        checked = self.check()
        assert checked.returncode == 0, checked.stderr
        assert self.leader
        self._signal_one(self.leader, signal.SIGHUP)

    def check(self) -> "subprocess.CompletedProcess[str]":
        """``nginx -t``."""
        return subprocess.run([*self.guarded_command(), "-t"], capture_output=True, text=True, check=False)

    @property
    def leader(self) -> int | None:
        file = self.folder / "pid"
        text = file.read_text() if file.exists() else ""
        return int(text) if text else None

    def prepare(self) -> None:
        """Make certificate and files.

        Raises:
            NginxMissing: the program is not installed.
        """
        if not Path(self.certificate).exists():
            _make_certificate(self.folder)
        (self.folder / "media").mkdir(exist_ok=True)
        temporary = " ".join(f"{name}_temp_path {self.folder}/temporary;" for name in TEMPORARY)
        user = "user root;" if Path("/proc/self").stat().st_uid == 0 else ""  # else its workers could not read here
        (self.folder / "nginx.conf").write_text(MAIN.format(user=user, folder=self.folder, temporary=temporary))
        (self.folder / "site.conf").write_text(self.site())

    def site(self) -> str:
        """The site file with this machine's places in it.

        Raises:
            AssertionError: something that is to be replaced is not there.
        """
        listed = "".join(f"    server {host} {PER_HOST};\n" for host in self.hosts)
        replaced = [
            (r"( +server \S+:\d+ [^;]*;\n)+", listed),
            (r"listen 80 ", f"listen 127.0.0.1:{self.http_port} "),
            (r"listen 443 ", f"listen 127.0.0.1:{self.https_port} "),
            (r"server_name \S+;", "server_name localhost;"),
            (r"ssl_certificate \S+;", f"ssl_certificate {self.certificate};"),
            (r"ssl_certificate_key \S+;", f"ssl_certificate_key {self.folder / 'key.pem'};"),
            (r"access_log \S+ ", f"access_log {self.folder / 'access.log'} "),
            (r"error_log \S+ ", f"error_log {self.folder / 'error.log'} "),
            (r"root /srv/solo/shared/var;", f"root {self._media or self.folder};"),
        ]
        if self._rate is not None:
            replaced.append((r"rate=\S+;", f"rate={self._rate}r/s;"))
        text = SITE.read_text()
        for pattern, replacement in [*replaced, *self._changes]:
            text, found = re.subn(pattern, lambda _, by=replacement: by, text)
            assert found, f"{SITE.name} has nothing like {pattern}"
        return text

    def guarded_command(self) -> list[str]:
        return [_program("nginx"), "-p", str(self.folder), "-e", "stderr", "-c", str(self.folder / "nginx.conf")]

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.https_port), timeout=1):
                return self.leader is not None
        except OSError:
            return False


def _program(name: str) -> str:
    path = shutil.which(name, path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin")
    if path is None:
        raise NginxMissing
    return path


def _make_certificate(folder: Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    subprocess.run(command, check=True, capture_output=True)
