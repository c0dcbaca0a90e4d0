"""A private sshd with keys of its own: a "host" to deploy to, on loopback."""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.services.guarded import GuardedService
from tests.services.process import free_port

# What tells pip, on this machine, where packages come from. pip's files count as well: they are found without help.
PASSED_PREFIX = "PIP_"
PASSED = {"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "http_proxy", "https_proxy", "no_proxy"}
# Compiled into Debian's sshd, and wanted only when root runs it: an empty folder, which its package makes at the boot.
ROOTS_EMPTY_FOLDER = Path("/run/sshd")


class SshdMissing(Exception):
    """The programs are not installed, or this is not Linux."""

    def __init__(self) -> None:
        super().__init__("sshd is missing: apt-get install openssh-server")


def passed_environment() -> dict[str, str]:
    """What sshd gives to the commands it runs, beside the plain environment of a login."""
    return {
        name: value
        for name, value in os.environ.items()
        if (name.startswith(PASSED_PREFIX) or name in PASSED or name.lower() in PASSED) and '"' not in value
    }


def _program(name: str) -> str:
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if path is None or sys.platform != "linux":
        raise SshdMissing
    return path


class SshServer(GuardedService):
    """An sshd on a port of 127.0.0.1 that lets the current user in, with one key; works for root and for others.

    Whatever is started through it, daemons too, ends with it: see guard.py. It writes in its folder only; for root it
    also makes the empty folder without which root's sshd does not start.
    """

    name = "sshd"

    def __init__(self) -> None:
        super().__init__()
        self.port = free_port()

    @property
    def key(self) -> Path:
        """The private key that opens it."""
        return self.folder / "user_key"

    @property
    def known_hosts(self) -> Path:
        """What a client knows it by."""
        return self.folder / "known_hosts"

    def client_config(self, alias: str) -> str:
        """Lines for an ssh config file, under which it is reached as ``alias``."""
        return (
            f"Host {alias}\n"
            f"  HostName 127.0.0.1\n"
            f"  Port {self.port}\n"
            f"  User {getpass.getuser()}\n"
            f"  IdentityFile {self.key}\n"
            f"  IdentitiesOnly yes\n"
            f"  UserKnownHostsFile {self.known_hosts}\n"
            f"  StrictHostKeyChecking yes\n"
        )

    def prepare(self) -> None:
        """Make the keys, and the lists that name them.

        Raises:
            SshdMissing: the programs are not installed.
        """
        _program("sshd")
        if os.geteuid() == 0:
            ROOTS_EMPTY_FOLDER.mkdir(mode=0o755, exist_ok=True)
        if self.known_hosts.exists():
            return
        for name in ("host_key", "user_key"):
            command = [_program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", "solo-test", "-f", name]
            subprocess.run(command, cwd=self.folder, check=True, stdin=subprocess.DEVNULL)
        shutil.copy(self.folder / "user_key.pub", self.folder / "authorized_keys")
        (self.folder / "sshd_config").write_text(self._config())
        host_key = (self.folder / "host_key.pub").read_text()
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {host_key}")

    def guarded_command(self) -> list[str]:
        return [_program("sshd"), "-D", "-e", "-f", str(self.folder / "sshd_config")]

    @property
    def leader(self) -> None:
        """Nobody is to end in an orderly way: sshd has nothing to lose, and whom it started is killed."""

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as client:
                return client.recv(4) == b"SSH-"
        except OSError:
            return False

    def break_connections(self) -> None:
        """Kill the sshd behind each connection that is open; new ones are let in."""
        for process in self.processes:
            with suppress(OSError):
                title = Path(f"/proc/{process}/cmdline").read_bytes()
                if title.startswith(b"sshd: ") and b"[listener]" not in title:
                    os.kill(process, signal.SIGKILL)

    def _config(self) -> str:
        lines = [
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {self.folder / 'host_key'}",
            f"AuthorizedKeysFile {self.folder / 'authorized_keys'}",
            f"AllowUsers {getpass.getuser()}",
            "AuthenticationMethods publickey",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "PermitRootLogin prohibit-password",
            "PidFile none",
            "StrictModes no",  # the folder is private, but lies below one that all may write to
            "UsePAM no",
            "MaxStartups 100",
            "Subsystem sftp internal-sftp",
        ]
        # sshd heeds the first SetEnv only.
        if passed := " ".join(f'"{name}={value}"' for name, value in sorted(passed_environment().items())):
            lines.append(f"SetEnv {passed}")
        return "\n".join([*lines, ""])
