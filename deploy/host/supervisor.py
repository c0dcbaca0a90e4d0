"""supervisord, asked over the XML-RPC of its Unix socket. See http://supervisord.org/api.html."""

import http.client
import xmlrpc.client
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .events import Failed
from .layout import Layout
from .unix_http import UnixConnection

SECONDS = 15.0  # supervisord does one thing at a time, but none takes long
# http://supervisord.org/subprocess.html#process-states
STOPPED, STARTING, RUNNING, BACKOFF = "STOPPED", "STARTING", "RUNNING", "BACKOFF"
STOPPING, EXITED, FATAL, UNKNOWN = "STOPPING", "EXITED", "FATAL", "UNKNOWN"
ALIVE = (STARTING, RUNNING)
# supervisor/xmlrpc.py: Faults
SHUTDOWN_STATE, BAD_NAME, FAILED_FAULT, ALREADY_STARTED, NOT_RUNNING = 6, 10, 30, 60, 70
CANT_REREAD, STILL_RUNNING, ALREADY_ADDED = 92, 91, 90


class NotRunning(Exception):
    """Nobody answers on supervisord's socket: it does not run, or the socket is left over from one that was killed."""


class ShuttingDown(Exception):
    """supervisord is on its way out, or reloads everything."""


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """What supervisord knows of a process. ``start``, ``now``: seconds since 1970; ``pid``: 0 when it does not run."""

    group: str
    process: str
    state: str
    pid: int
    start: int
    now: int
    problem: str
    log: str

    @property
    def name(self) -> str:
        """As supervisorctl has it."""
        return f"{self.group}:{self.process}"

    @property
    def uptime(self) -> int | None:
        """Seconds since it was started; None when it does not run."""
        return max(0, self.now - self.start) if self.state in ALIVE else None


@dataclass(frozen=True, slots=True)
class ProcessRule:
    """What supervisord.ini says of a process. All times in seconds.

    ``stop_signal`` ends it, within ``stop_seconds``; who ends within ``start_seconds`` counts as not started.
    """

    stop_signal: str = "TERM"
    stop_seconds: float = 30
    start_seconds: float = 1


class Supervisor:
    """The supervisord of a root. Every method raises ``NotRunning`` or ``ShuttingDown`` where that is so."""

    def __init__(self, layout: Layout) -> None:
        self.socket = layout.sockets / "supervisord.sock"

    def pid(self) -> int:
        """Return its process id."""
        return int(self._call("supervisor.getPID"))

    def processes(self, group: str | None = None) -> list[ProcessInfo]:
        """Return all processes, or those of one group, by name."""
        told = [_info(struct) for struct in self._call("supervisor.getAllProcessInfo")]
        return sorted((info for info in told if group in (None, info.group)), key=lambda info: info.name)

    def process(self, name: str) -> ProcessInfo:
        """Return one process.

        Raises:
            Failed: supervisord does not know it (any more).
        """
        try:
            return _info(self._call("supervisor.getProcessInfo", name))
        except xmlrpc.client.Fault as fault:
            raise Failed(f"supervisord does not know {name}: {fault.faultString}") from None

    def rules(self) -> dict[str, ProcessRule]:
        """Return what supervisord.ini says, by the name of the process."""
        return {
            f"{one['group']}:{one['name']}": ProcessRule(str(one["stopsignal"]), one["stopwaitsecs"], one["startsecs"])
            for one in self._call("supervisor.getAllConfigInfo")
        }

    def reread(self) -> tuple[list[str], list[str], list[str]]:
        """Have it read supervisord.ini; return the groups that are new, changed and gone. Nothing stops or starts.

        Raises:
            Failed: it cannot be read; the old one stays in force.
        """
        try:
            added, changed, removed = self._call("supervisor.reloadConfig")[0]
        except xmlrpc.client.Fault as fault:
            raise Failed(f"supervisord does not accept supervisord.ini: {fault.faultString}") from None
        return added, changed, removed

    def add_group(self, name: str) -> None:
        """Start a group that is new in supervisord.ini.

        Raises:
            Failed: it cannot, for example because its port is taken.
        """
        self._try(ALREADY_ADDED, "supervisor.addProcessGroup", name)

    def remove_group(self, name: str) -> bool:
        """Forget a group; returns False as long as one of its processes runs."""
        try:
            self._call("supervisor.removeProcessGroup", name)
        except xmlrpc.client.Fault as fault:
            return fault.faultCode != STILL_RUNNING
        return True

    def stop_group(self, name: str) -> None:
        """Begin to stop all processes of a group."""
        self._try(BAD_NAME, "supervisor.stopProcessGroup", name, False)

    def signal(self, name: str, signal: str) -> None:
        """Send a signal, by name or number, to a process; none when it has just ended."""
        self._try(NOT_RUNNING, "supervisor.signalProcess", name, signal)

    def start(self, name: str) -> None:
        """Begin to start a process; nothing when it has been started meanwhile.

        Raises:
            Failed: its command cannot be started.
        """
        self._try(ALREADY_STARTED, "supervisor.startProcess", name, False)

    def start_instead_of_waiting(self, name: str) -> None:
        """Start a process in BACKOFF now; in one request, so that our end cannot leave it stopped."""
        calls = [
            {"methodName": "supervisor.stopProcess", "params": [name, False]},
            {"methodName": "supervisor.startProcess", "params": [name, False]},
        ]
        self._call("system.multicall", calls)

    def _try(self, harmless: int, method: str, *arguments: Any) -> None:
        try:
            self._call(method, *arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != harmless:
                raise Failed(f"supervisord refuses {method.partition('.')[2]}: {fault.faultString}") from None

    def _call(self, method: str, *arguments: Any) -> Any:
        proxy = xmlrpc.client.ServerProxy("http://localhost/RPC2", transport=_Transport(self.socket))
        try:
            with proxy:
                return getattr(proxy, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == SHUTDOWN_STATE:
                raise ShuttingDown from None
            raise
        except TimeoutError:
            raise Failed(f"supervisord does not answer in {SECONDS:g} s ({self.socket})") from None
        except PermissionError:
            raise Failed(f"{self.socket} may not be used: deploy as the user that runs supervisord") from None
        except (OSError, http.client.HTTPException) as error:
            raise NotRunning(str(error)) from None
        except xmlrpc.client.ProtocolError as error:
            raise Failed(f"supervisord failed at {method}: {error.errmsg}; its log knows more") from None


class _Transport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        return UnixConnection(self._path, SECONDS)


def _info(struct: dict[str, Any]) -> ProcessInfo:
    return ProcessInfo(
        group=struct["group"],
        process=struct["name"],
        state=struct["statename"],
        pid=struct["pid"],
        start=struct["start"],
        now=struct["now"],
        problem=struct["spawnerr"],
        log=struct["stdout_logfile"],
    )
