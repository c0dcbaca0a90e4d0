"""The processes of the server: which release one runs, and whether it is ready. Each answers on a socket of its own."""

import http.client
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .layout import Layout
from .supervisor import ALIVE, NotRunning, ProcessInfo, ShuttingDown, Supervisor
from .unix_http import UnixConnection

SERVER_GROUP = "solo"
READY_PATH = "/api/v1/health/ready"
ASK_SECONDS = 5.0
PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Health:
    """What a process says of itself. ``problem`` is empty when it is ready."""

    ready: bool
    release: str | None
    problem: str


def process_socket(layout: Layout, info: ProcessInfo) -> Path:
    """Where a process of the server answers, and no other."""
    return layout.sockets / f"{info.process}.sock"


def ask_health(path: Path, seconds: float = ASK_SECONDS) -> Health:
    """Ask the process behind a socket whether it is ready."""
    connection = UnixConnection(path, seconds)
    try:
        connection.request("GET", READY_PATH, headers={"Host": "localhost", "Connection": "close"})
        response = connection.getresponse()
        return _read_health(response.status, response.read())
    except FileNotFoundError:
        return Health(False, None, "it has not opened its socket yet")
    except (OSError, http.client.HTTPException) as error:
        return Health(False, None, f"it does not answer on {path.name} ({error or type(error).__name__})")
    finally:
        connection.close()


def release_of(layout: Layout, pid: int) -> str | None:
    """Return the release that a process was started from, by its working directory; None where that is unknown."""
    folder = working_directory(pid)
    return folder.name if folder is not None and folder.parent == layout.releases else None


def working_directory(pid: int) -> Path | None:
    """Return the working directory of a process; None when there is no such process, or we may not know."""
    try:
        return (PROC / str(pid) / "cwd").readlink()
    except OSError:
        return None


def supervisor_state(layout: Layout) -> str:
    """Return ``running``, ``stopping`` or ``stopped``."""
    try:
        Supervisor(layout).pid()
    except NotRunning:
        return "stopped"
    except ShuttingDown:
        return "stopping"
    return "running"


def list_processes(layout: Layout) -> list[dict[str, Any]]:
    """Return what ``status`` tells of the processes; none when supervisord does not run."""
    try:
        return [_as_told(layout, info) for info in Supervisor(layout).processes()]
    except (NotRunning, ShuttingDown):
        return []


def _as_told(layout: Layout, info: ProcessInfo) -> dict[str, Any]:
    health = Health(info.state == "RUNNING", None, "")
    if info.group == SERVER_GROUP:
        health = ask_health(process_socket(layout, info)) if info.state in ALIVE else Health(False, None, info.problem)
    started_from = release_of(layout, info.pid) if info.pid else None
    return {
        "name": info.name,
        "state": info.state,
        "pid": info.pid or None,
        "uptime": info.uptime,
        "ready": health.ready,
        "release": health.release or started_from,
        "problem": health.problem or None,
    }


def _read_health(status: int, body: bytes) -> Health:
    try:
        told = json.loads(body)
        release = (told.get("data") or {}).get("release")
        wrong = ", ".join(f"{part['field']}: {part['message']}" for part in told.get("errors") or [])
        problem = f"{status} {told.get('message', '')} {wrong}".strip()
    except (ValueError, AttributeError, KeyError, TypeError):
        return Health(False, None, f"its answer ({status}) is not what {READY_PATH} answers")
    ready = status == http.HTTPStatus.OK
    return Health(ready, release, "" if ready else problem)
