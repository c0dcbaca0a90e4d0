"""Processes with mounts of their own, all of which end together, whatever becomes of the test run."""

import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.services.process import Service

# The kernel ends all processes of a namespace with its first one, and the mounts go with the last of them.
UNSHARE = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
# The first process adopts what daemonizes, so it has to wait for the dead.
SCRIPT = """
set -e
exec 3>{ready}
{prepare}
echo ready >&3
exec 3>&-
while :; do sleep 3600 & wait $!; done
"""


class NamespaceMissing(Exception):
    """This machine or this user cannot have it; the text says why."""


class Namespace(Service):
    """A process tree that sees the machine's files, and mounts of its own; needs root, on Linux.

    ``start()`` runs ``script()`` in it. ``stop()`` and ``kill()`` end all processes in it.
    """

    name = "namespace"

    def script(self) -> str:
        """Shell commands that prepare it; the first that fails ends it."""
        return ":"

    def prepare(self) -> None:
        """See that it can be made.

        Raises:
            NamespaceMissing: it cannot.
        """
        if sys.platform != "linux" or os.geteuid() != 0:
            raise NamespaceMissing("only root, on Linux, can make a machine in a folder")
        tried = subprocess.run([*UNSHARE, "true"], capture_output=True, text=True)
        if tried.returncode:
            raise NamespaceMissing(f"this root may not make namespaces: {tried.stderr.strip()}")

    def command(self) -> list[str]:
        script = SCRIPT.format(prepare=self.script(), ready=self.folder / "ready")
        return [*UNSHARE, "bash", "-c", script]

    def answers(self) -> bool:
        ready = self.folder / "ready"
        return ready.exists() and ready.stat().st_size > 0

    @property
    def first_process(self) -> int:
        """The first process in it, by its number outside.

        Raises:
            RuntimeError: it does not run.
        """
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children") if self._process else None
        found = children.read_text().split() if children else []
        if not found:
            raise RuntimeError(f"{self.name} does not run")
        return int(found[0])

    def stop(self) -> None:
        self.kill()
        super().stop()

    def kill(self) -> None:
        """End all processes in it, and wait until they are gone."""
        with suppress(RuntimeError, FileNotFoundError, ProcessLookupError):
            first = os.pidfd_open(self.first_process)
            try:
                signal.pidfd_send_signal(first, signal.SIGKILL)
                select.select([first], [], [], 30)  # readable when it, the last one, has ended
            finally:
                os.close(first)
        super().kill()
