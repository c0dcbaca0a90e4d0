"""Walks docs/deploying.md: an empty Debian as its server, a clone of the project as yours."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from tests.docs.attended import run_attended
from tests.docs.empty_debian import EmptyDebian
from tests.docs.placed_blocks import Block
from tests.docs.stand_ins import STAND_INS
from tests.services.assembly import Assembly
from tests.services.process import make_folder

HOST, SITE = "web1.example.com", "api.example.com"
PORTS = [80, 443, 3306, 6379, 8000]  # as the page has them
CERTIFICATE = f"etc/letsencrypt/live/{SITE}/fullchain.pem"
PATIENCE = 240.0  # seconds for one block; the first deployment builds an environment
PASSWORD = "correct horse battery"
ANSWERS = {"[y/N] ": "y", "Password: ": PASSWORD, "confirmation: ": PASSWORD}
AUTHOR = {"GIT_AUTHOR_NAME": "You", "GIT_AUTHOR_EMAIL": "you@example.com"}
COMMITTER = {"GIT_COMMITTER_NAME": "You", "GIT_COMMITTER_EMAIL": "you@example.com"}


class Walk(Assembly):
    """The server and the clone; ``run()`` runs a block of the page. Nothing is left of it afterwards."""

    def __init__(self, project: Path) -> None:
        super().__init__()
        self.debian = EmptyDebian(PORTS)
        self.folder = make_folder("walk")
        self.upstream, self.clone = project, self.folder / "clone"
        self.home = self.folder / "home"

    def assemble(self) -> None:
        self.parts.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.parts.enter_context(self.debian)
        for name, program in STAND_INS.items():
            (self.debian.files / "usr/local/sbin" / name).write_text(program)
            (self.debian.files / "usr/local/sbin" / name).chmod(0o755)
        self._make_home()
        self._make_clone()

    def _make_home(self) -> None:
        """A home of yours: keys, and programs that look there for their settings (ssh looks into /etc/passwd)."""
        (self.home / ".ssh").mkdir(parents=True)
        config = self.home / ".ssh/config"
        config.write_text(self.debian.client_config(HOST))
        (self.home / ".curlrc").write_text("".join(f"resolve = {SITE}:{port}:127.0.0.1\n" for port in (80, 443)))
        programs = self.folder / "programs"
        programs.mkdir()
        for name in ("ssh", "scp"):
            (programs / name).write_text(f'#!/bin/sh\nexec {shutil.which(name)} -F {config} "$@"\n')
            (programs / name).chmod(0o755)
        path = f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"  # .venv/bin as `activate` puts it there
        self.environment = {"HOME": str(self.home), "PATH": path, "LANG": "C.UTF-8", "TERM": "xterm", "NO_COLOR": "1"}
        self.environment |= {**AUTHOR, **COMMITTER}

    def _make_clone(self) -> None:
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main"], cwd=self.upstream, check=True)
        accept = ["git", "config", "receive.denyCurrentBranch", "updateInstead"]
        subprocess.run(accept, cwd=self.upstream, check=True)
        self.commit("The project as it is")
        subprocess.run(["git", "clone", "--quiet", self.upstream, self.clone], check=True)

    def commit(self, message: str) -> None:
        """Commit all that has changed upstream, where ``git pull`` finds it."""
        for command in (["add", "--all"], ["commit", "--quiet", "--message", message]):
            subprocess.run(["git", *command], cwd=self.upstream, check=True, env=os.environ | AUTHOR | COMMITTER)

    def run(self, block: Block) -> tuple[int, str]:
        """Run a block where it says; return exit code and output."""
        if block.place == "in your clone":
            script = block.script
        else:
            script = shlex.join(["ssh", f"{block.place.split()[1]}@{HOST}", f"set -e\n{block.script}"])
        code, output = run_attended(
            ["bash", "-ec", script],
            folder=self.clone,
            environment=self.environment,
            answers=ANSWERS,
            seconds=PATIENCE,
        )
        self._trust_certificate()
        return code, output

    def ask(self, url: str, *options: str) -> str:
        """Return what the site answers to a curl of yours.

        Raises:
            AssertionError: it does not answer.
        """
        done = subprocess.run(
            ["curl", "--silent", "--show-error", *options, url], env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _trust_certificate(self) -> None:
        """Trust what stands for a certificate that everybody trusts, once it is there."""
        certificate = self.debian.files / CERTIFICATE
        if certificate.is_file() and not (self.home / "trusted.pem").exists():
            (self.home / "trusted.pem").write_bytes(certificate.read_bytes())
            with (self.home / ".curlrc").open("a") as file:
                file.write(f"cacert = {self.home / 'trusted.pem'}\n")
