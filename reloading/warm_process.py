"""The warm process: has the packages imported already, and forks into a server whenever it is asked to.

Started from nothing, the server takes 0.8 s until it answers, and 0.6 s of that go into importing packages that did
not change. So hot_deploy.py keeps this process, which has them imported, and each server is a fork of it that runs
tornado_server.py from its first line: 0.2 s. It is a fork *before* the project's code, so that no module of the
project is ever older than its file. What keeps that safe:

- Nothing of the project is imported here: its folder is not on sys.path, and should one of its modules turn up all the
  same, we go cold (below).
- Which packages to import is learned from the servers: each notes what it imports. So the first start is a cold one.
- A fork takes only the thread that forks. Should a package start threads when it is imported, we go cold.
- Before each fork the files of all that is imported here are compared with what they were. After a ``pip install`` the
  answer is "stale", and hot_deploy.py starts a new process in our place.
- Cold, and on anything but Linux, each server is a fresh interpreter (fork and exec): right, and slow.

We are the parent of the servers: we tell of their end, and when hot_deploy.py is gone, however it went, we send them
SIGTERM, wait, and leave; when we are killed ourselves, Linux sends it to them.

Run by launching.py, by path, so that the project is out of sight:
``python -P warm_process.py PROJECT CONTROL_FD cold|warm ARGUMENT…``; standard input is the listening socket.
Messages are JSON lines. In: ``{"start": {environment}}`` with two descriptors, for standard output and error;
``{"learn": true}``; ``{"retire": true}``: leave when the last server has. Out: ``{"started": pid, "warm": bool}``,
``{"stale": true}``, ``{"ended": pid, "status": as Popen.returncode}``.
"""

import ctypes
import gc
import importlib
import json
import os
import resource
import runpy
import select
import signal
import socket
import sys
from contextlib import suppress
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
LEAVE_WITHIN = 30  # seconds, for the servers of a hot_deploy.py that is gone; then they are killed
MESSAGE_SIZE = 1 << 16


class Notes:
    """A finder that finds nothing: it writes down what a server looks for, in a file that we share with all of them."""

    def __init__(self) -> None:
        self._file = os.memfd_create("imports")
        self._read = 0

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Note the name, and leave the finding to others."""
        os.write(self._file, f"{name}\n".encode())
        return None

    def take(self) -> list[str]:
        """Return what was noted since the last time."""
        text = os.pread(self._file, os.fstat(self._file).st_size - self._read, self._read)
        complete = text[: text.rfind(b"\n") + 1]
        self._read += len(complete)
        return list(dict.fromkeys(complete.decode(errors="replace").splitlines()))


class Packages:
    """What is imported here, and from which files."""

    def __init__(self, project: Path) -> None:
        self._project = project
        self._tried: set[str] = set()
        self._known = set(sys.modules)
        self._facts: dict[str, tuple[int, ...]] = {}
        self._has_project_code = False

    def bring_in(self, name: str) -> None:
        """Import a module unless it is one of the project; what fails here has failed in the server as well."""
        top = self._project / name.partition(".")[0]
        if name in sys.modules or name in self._tried or top.exists() or top.with_suffix(".py").exists():
            return
        self._tried.add(name)
        with suppress(Exception, SystemExit):
            importlib.import_module(name)
        for new in sys.modules.keys() - self._known:
            self._known.add(new)
            file = getattr(sys.modules[new], "__file__", None)
            if file and file != __file__:  # multiprocessing gives us a second name
                self._facts[file] = _facts(file)
                installed = Path(file).is_relative_to(sys.prefix)
                self._has_project_code |= Path(file).is_relative_to(self._project) and not installed

    def are_stale(self) -> bool:
        """Whether a file of what is imported has changed, or is gone."""
        return any(_facts(file) != facts for file, facts in self._facts.items())

    def are_safe(self) -> bool:
        """Whether a fork takes all there is, and takes nothing of the project."""
        return not self._has_project_code and len(os.listdir("/proc/self/task")) == 1


def _facts(file: str) -> tuple[int, ...]:
    try:
        stat = os.stat(file)
    except OSError:
        return ()
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


class WarmProcess:
    """Takes the orders of hot_deploy.py."""

    def __init__(self, project: Path, control: socket.socket, arguments: list[str], *, warm: bool) -> None:
        self._script = str(project / "tornado_server.py")
        self._project, self._control, self._arguments = project, control, arguments
        self._notes = Notes() if warm else None
        self._packages = Packages(project)
        self._to_import: list[str] = []
        self._children: set[int] = set()
        self._heard = b""
        self._descriptors: list[int] = []
        self._is_retired = False
        self._woken, self._wake = socket.socketpair()  # by SIGCHLD
        self._wake.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake.fileno())

    def run(self) -> dict[str, str] | None:
        """Work until the end. In a fork that is to be a server, return the environment it was ordered with."""
        while self._children or not self._is_retired:
            readable = select.select([self._control, self._woken], [], [], 0 if self._to_import else None)[0]
            if self._woken in readable:
                self._woken.recv(MESSAGE_SIZE)
                self._reap()
            if self._control in readable:
                orders = self._receive()
                if not orders:
                    self._end_servers()
                    return None
                for order in orders:
                    if "start" in order and self._forks():
                        return dict(order["start"])
                    self._is_retired |= "retire" in order
                    if "learn" in order and self._notes:
                        self._to_import += self._notes.take()
            elif self._to_import:
                self._packages.bring_in(self._to_import.pop(0))
        return None

    def become_server(self, environment: dict[str, str]) -> None:
        """Run tornado_server.py, as ``python tornado_server.py`` would."""
        os.environ.update(environment)
        sys.argv[:] = [self._script, *self._arguments]
        if not self._notes:
            interpreter = [sys.executable, "-B", "-u", "-X", "faulthandler"]
            os.execv(sys.executable, interpreter + sys.argv)  # noqa: S606 - ourselves
        gc.enable()
        sys.path.insert(0, str(self._project))
        sys.meta_path.insert(0, self._notes)
        importlib.invalidate_caches()
        runpy.run_path(self._script, run_name="__main__")

    def _receive(self) -> list[dict[str, Any]]:
        """Return the orders that have arrived; none when hot_deploy.py is gone."""
        lines: list[bytes] = []
        while not lines:
            data, descriptors, _, _ = socket.recv_fds(self._control, MESSAGE_SIZE, 16)
            self._descriptors += descriptors
            if not data:
                return []
            *lines, self._heard = (self._heard + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def _forks(self) -> bool:
        """Start a server. Return True in the fork that is to be it."""
        output, errors, *self._descriptors = self._descriptors
        try:
            if self._notes and not self._packages.are_safe():
                self._notes = None
            if self._notes and self._packages.are_stale():
                self._tell(stale=True)
                return False
            gc.freeze()
            parent = os.getpid()
            if pid := os.fork():
                self._children.add(pid)
                self._tell(started=pid, warm=bool(self._notes))
                return False
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _end_with_parent(parent)
            for end in (self._control, self._woken, self._wake):
                end.close()
            os.dup2(output, 1)
            os.dup2(errors, 2)
            return True
        finally:
            os.close(output)
            os.close(errors)

    def _reap(self) -> None:
        for pid in list(self._children):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._children.discard(pid)
                self._tell(ended=pid, status=os.waitstatus_to_exitcode(status))

    def _tell(self, **message: object) -> None:
        with suppress(OSError):  # it is gone; we hear of that next
            self._control.sendall(json.dumps(message).encode() + b"\n")

    def _end_servers(self) -> None:
        """hot_deploy.py has ended, or was killed: end what it has started, and free the port."""
        os.close(0)
        self._signal_all(signal.SIGTERM)
        signal.signal(signal.SIGALRM, lambda *_: self._signal_all(signal.SIGKILL))
        signal.alarm(LEAVE_WITHIN)
        while self._children:
            self._children.discard(os.wait()[0])

    def _signal_all(self, number: int) -> None:
        for pid in self._children:
            os.kill(pid, number)


def _end_with_parent(parent: int) -> None:
    """Have Linux send us SIGINT when the parent ends, whatever ends it: to hurry, and at once when draining already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != parent:
            sys.exit(1)


def main() -> None:
    """Take orders; in a fork, be a server."""
    project, control, temperature, *arguments = sys.argv[1:]
    warm = temperature == "warm" and sys.platform == "linux"
    gc.disable()
    # A .pyc is taken for good when its source has the same size and second: two edits within one can have both.
    sys.dont_write_bytecode = True
    with suppress(ValueError, OSError):  # a server that hangs is ended by SIGABRT, and leaves no core file
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    process = WarmProcess(Path(project), socket.socket(fileno=int(control)), arguments, warm=warm)
    environment = process.run()
    if environment is not None:
        process.become_server(environment)


if __name__ == "__main__":
    main()
