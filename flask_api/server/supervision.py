"""What supervisord, if it started this process, is about to do."""

import http.client
import os
import socket
import xmlrpc.client
from typing import Any

VARIABLE = "SUPERVISOR_SERVER_URL"  # supervisord sets it for its processes
PATIENCE = 0.5  # seconds
RUNNING = 1  # supervisor.getState


def supervisor_stops() -> bool:
    """Whether supervisord stops all processes, and not this one alone: then nobody will accept on its socket."""
    url = os.environ.get(VARIABLE, "")
    if not url.startswith("unix://"):
        return False
    client = http.client.HTTPConnection("localhost", timeout=PATIENCE)
    try:
        client.sock = socket.socket(socket.AF_UNIX)
        client.sock.settimeout(PATIENCE)
        client.sock.connect(url.removeprefix("unix://"))
        question = xmlrpc.client.dumps((), "supervisor.getState")
        client.request("POST", "/RPC2", question, {"Content-Type": "text/xml"})
        state: Any = xmlrpc.client.loads(client.getresponse().read())[0][0]
    except (xmlrpc.client.Fault, ConnectionRefusedError, FileNotFoundError):  # it takes no orders any more, or is gone
        return True
    except Exception:  # it is busy, or not for us: then only this process leaves, as far as we know
        return False
    finally:
        client.close()
    return bool(state["statecode"] != RUNNING)
