"""What supervisord, if it started this process, does with it and with the others of its group."""

import http.client
import os
import socket
import xmlrpc.client
from typing import Any

# supervisord sets them for its processes
URL, GROUP, NAME = "SUPERVISOR_SERVER_URL", "SUPERVISOR_GROUP_NAME", "SUPERVISOR_PROCESS_NAME"
PATIENCE = 0.5  # seconds
GOING_ON = ("STARTING", "RUNNING")
STOPPING = "STOPPING"


def others_go_on() -> bool:
    """Whether somebody accepts on this process's socket when it has left.

    Nobody does when supervisord stops the whole group, or itself: then it closes the socket after the last. A process
    that it does not stop, but that got a signal, is started again: its successor does.
    """
    url = os.environ.get(URL, "")
    if not url.startswith("unix://"):
        return True
    try:
        processes = _ask(url.removeprefix("unix://"), "supervisor.getAllProcessInfo")
    except (xmlrpc.client.Fault, ConnectionRefusedError, FileNotFoundError):  # it takes no orders any more, or is gone
        return False
    except Exception:  # it is busy, or not for us: then only this process leaves, as far as we know
        return True
    states = {one["name"]: one["statename"] for one in processes if one["group"] == os.environ.get(GROUP)}
    own = states.pop(os.environ.get(NAME, ""), None)
    return own != STOPPING or any(state in GOING_ON for state in states.values())


def _ask(path: str, method: str) -> Any:
    client = http.client.HTTPConnection("localhost", timeout=PATIENCE)
    try:
        client.sock = socket.socket(socket.AF_UNIX)
        client.sock.settimeout(PATIENCE)
        client.sock.connect(path)
        client.request("POST", "/RPC2", xmlrpc.client.dumps((), method), {"Content-Type": "text/xml"})
        return xmlrpc.client.loads(client.getresponse().read())[0][0]
    finally:
        client.close()
