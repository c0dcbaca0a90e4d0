"""What supervisord, if it started this process, does with the others of its group."""

import http.client
import os
import socket
import xmlrpc.client
from typing import Any

URL, GROUP = "SUPERVISOR_SERVER_URL", "SUPERVISOR_GROUP_NAME"  # supervisord sets them for its processes
PATIENCE = 0.5  # seconds
GOING_ON = ("STARTING", "RUNNING")


def others_go_on() -> bool:
    """Whether another process of this one's group accepts on its socket when this one has left.

    None does when supervisord stops the whole group, or itself: then it closes the socket after the last.
    """
    url, group = os.environ.get(URL, ""), os.environ.get(GROUP)
    if not url.startswith("unix://"):
        return True
    try:
        processes = _ask(url.removeprefix("unix://"), "supervisor.getAllProcessInfo")
    except (xmlrpc.client.Fault, ConnectionRefusedError, FileNotFoundError):  # it takes no orders any more, or is gone
        return False
    except Exception:  # it is busy, or not for us: then only this process leaves, as far as we know
        return True
    others = [one for one in processes if one["group"] == group and one["pid"] != os.getpid()]
    return any(one["statename"] in GOING_ON for one in others)


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
