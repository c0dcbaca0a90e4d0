"""The first look at a host: which Python there is, and whether the root and the program are there."""

import json
import shlex
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from deploy.errors import HostError
from deploy.hosts import Host

# Any Python can run it. It is told: the root, the folders to make, the program's path and its SHA-256.
SOURCE = """
import hashlib, json, os, sys
root, folders, program, digest = sys.argv[1:]
found = {"python": list(sys.version_info[:2]), "root": False, "program": False}
try:
    for folder in folders.split():
        path = os.path.join(root, folder)
        if not os.path.isdir(path):
            os.makedirs(path)
    found["root"] = os.path.isdir(os.path.join(root, "tools"))
    if os.path.exists(program):
        with open(program, "rb") as file:
            found["program"] = hashlib.sha256(file.read()).hexdigest() == digest
except (IOError, OSError) as error:
    found["error"] = str(error)
print(json.dumps(found))
"""


def probe_command(host: Host, program: str, sha256: str, folders: list[str]) -> str:
    """Return the command for the remote shell; it makes ``folders`` below the root where they are missing."""
    # On one line: not every login shell takes line breaks inside quotes.
    words = [host.python, "-c", f"exec({SOURCE!r})", host.root, " ".join(folders), program, sha256]
    return shlex.join(words)


def check_probe(host: Host, user: str, lines: list[str], exit_status: int | None, errors: str) -> Mapping[str, Any]:
    """Return what the probe found: ``root`` and ``program``, whether they are there.

    Raises:
        HostError: Python is missing or too old, or the root's folders cannot be made.
    """
    found = next(filter(None, map(read_event, reversed(lines))), None)
    if found is None or "python" not in found:
        if exit_status == 127:
            raise HostError(host.name, f"there is no {host.python}: install Python 3.11 or newer, or set python")
        last = (errors or "\n".join(lines) or f"exit code {exit_status}").splitlines()[-1]
        raise HostError(host.name, f"{host.python} does not run there: {last}")
    if tuple(found["python"]) < (3, 11):
        version = ".".join(map(str, found["python"]))
        raise HostError(host.name, f"{host.python} is Python {version}, and 3.11 is needed: set python for this host")
    if found.get("error"):
        once = f"sudo install -d -o {shlex.quote(user)} {shlex.quote(host.root)}"
        raise HostError(host.name, f"{found['error']}; make the root there once: {once}")
    return found


def read_event(line: str) -> dict[str, Any]:
    """Return the JSON object in a line; an empty one where a login script says something."""
    with suppress(ValueError):
        event = json.loads(line)
        if isinstance(event, dict):
            return event
    return {}
