"""The id of a request: on every log line, in every answer."""

import re
import secrets

HEADER = "X-Request-ID"
_FIT = re.compile(r"[A-Za-z0-9._-]{1,64}")  # it can harm no log line


def request_id_for(proposed: str | None) -> str:
    """Return the client's own request id when it is fit to be repeated, else a fresh one."""
    return proposed if proposed and _FIT.fullmatch(proposed) else secrets.token_hex(8)
