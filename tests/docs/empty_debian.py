"""An empty Debian, as a hoster gives it away: nothing but the base system, systemd and sshd, with our key for root.

It is made by debootstrap in the memory of this machine: files, and a process tree that sees nothing else. It shares the
machine's network, and its kernel. No systemd runs in it, so Debian's packages start what they install by ``service``.
"""

import shutil
import socket
import subprocess
from pathlib import Path

from tests.docs.namespace import Namespace, NamespaceMissing
from tests.docs.packages import SourcesMissing, check_mirror, debian_sources, pip_settings, proxy_environment
from tests.services.process import free_port

SUITE = "bookworm"
PACKAGES = "systemd-sysv,openssh-server,curl"  # curl: for stand_ins.py
SIZE = "3g"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SCRIPT = """
mount -t tmpfs -o size={size},mode=755 tmpfs {root}
debootstrap --variant=minbase --include={packages} {suite} {root} {mirror}
echo force-unsafe-io > {root}/etc/dpkg/dpkg.cfg.d/unsafe-io
rm {root}/sbin/runlevel
cp -a {overlay}/. {root}/
chown -R 0:0 {root}/root {root}/etc
mount -t proc proc {root}/proc
mount -t devpts -o newinstance,ptmxmode=0666 devpts {root}/dev/pts
ln -sf pts/ptmx {root}/dev/ptmx
mount -t tmpfs tmpfs {root}/dev/shm
mount -t tmpfs -o mode=755 tmpfs {root}/run
{binds}
cd {root}
mkdir .machine
pivot_root . .machine
cd /
umount --lazy /.machine
rmdir /.machine
env -i {path} service ssh start
"""


class EmptyDebian(Namespace):
    """The server. ``ports``: which it will want to listen on, on this machine's own addresses.

    >>> with EmptyDebian([80]) as debian:
    ...     subprocess.run(["ssh", "-F", config, "root@web1"])   # config has debian.client_config("web1")
    """

    name = "debian"
    start_seconds = 300.0

    def __init__(self, ports: list[int]) -> None:
        super().__init__()
        self.ports = ports
        self.ssh_port = free_port()

    @property
    def root(self) -> Path:
        """Where it is made; an empty folder, for us."""
        return self.folder / "root"

    @property
    def files(self) -> Path:
        """Where its files are, for us."""
        return Path(f"/proc/{self.first_process}/root")

    def client_config(self, name: str) -> str:
        """Lines for an ssh config, by which it is reached as ``name``; its key is known, and our key lies here."""
        host_key = (self.files / "etc/ssh/ssh_host_ed25519_key.pub").read_text().split()
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.ssh_port} {host_key[0]} {host_key[1]}\n")
        lines = ["HostName 127.0.0.1", f"Port {self.ssh_port}", f"IdentityFile {self.folder / 'key'}"]
        lines += ["IdentitiesOnly yes", f"UserKnownHostsFile {self.folder / 'known_hosts'}"]
        lines += ["StrictHostKeyChecking yes"]
        return "\n".join([f"Host {name}", *(f"  {line}" for line in lines), ""])

    def prepare(self) -> None:
        """See that it can be made; write what an empty Debian needs to know of this machine.

        Raises:
            NamespaceMissing: a program, a right, a source of packages or a port is missing.
        """
        super().prepare()
        for program in ("debootstrap", "ssh", "ssh-keygen"):
            if shutil.which(program) is None:
                raise NamespaceMissing(f"{program} is missing: apt-get install debootstrap openssh-client")
        for port in self.ports:
            try:
                socket.create_server(("", port)).close()
            except OSError:
                raise NamespaceMissing(f"port {port} of this machine is taken, and the page needs it") from None
        try:
            self._sources = debian_sources(SUITE)
            check_mirror(self._sources.mirror, SUITE)
        except SourcesMissing as missing:
            raise NamespaceMissing(str(missing)) from None
        self._pip = pip_settings()
        self.root.mkdir()
        self._write_overlay(self.folder / "overlay")

    def _write_overlay(self, overlay: Path) -> None:
        key = self.folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        for option, file in self._pip.certificates.items():
            self._pip.options[option] = f"/etc/pip-{option}.pem"
            _write(overlay / f"etc/pip-{option}.pem", file.read_text())
        _write(overlay / "etc/pip.conf", self._pip.text())
        _write(overlay / "etc/environment", proxy_environment())
        _write(overlay / "etc/resolv.conf", Path("/etc/resolv.conf").read_text())
        _write(overlay / "etc/hosts", Path("/etc/hosts").read_text())
        _write(overlay / "etc/apt/sources.list", self._sources.lines)
        _write(overlay / "etc/apt/apt.conf.d/90machine", self._sources.options)
        _write(overlay / "etc/ssh/sshd_config.d/port.conf", f"Port {self.ssh_port}\nListenAddress 127.0.0.1\n")
        _write(overlay / "usr/sbin/runlevel", "#!/bin/sh\necho N 5\n")  # what packages ask before they start a service
        (overlay / "usr/sbin/runlevel").chmod(0o755)
        _write(overlay / "root/.ssh/authorized_keys", key.with_suffix(".pub").read_text())
        for folder in (overlay / "root", overlay / "root/.ssh"):
            folder.chmod(0o700)

    def script(self) -> str:
        folders = sorted(self._pip.folders)
        binds = [f"mkdir -p {self.root}{folder} && mount --bind {folder} {self.root}{folder}" for folder in folders]
        return SCRIPT.format(
            size=SIZE,
            root=self.root,
            overlay=self.folder / "overlay",
            packages=PACKAGES,
            suite=SUITE,
            mirror=self._sources.mirror,
            binds="\n".join(binds),
            path=PATH,
        )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
