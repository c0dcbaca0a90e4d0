"""The id of a request: on every log line, in every answer."""

import re
from random import getrandbits

HEADER = "X-Request-ID"
_FIT = re.compile(r"[A-Za-z0-9._-]{1,64}")  # it can harm no log line


def request_id_for(proposed: str | None) -> str:
    """Return the client's own request id when it is fit to be repeated, else a fresh one."""
    if proposed and _FIT.fullmatch(proposed):
        return proposed
    return f"{getrandbits(64):016x}"  # no secret; a better source would cost a system call
