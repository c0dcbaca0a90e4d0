"""E-mail addresses in one form: lower case."""

import re

from flask_api.core.errors import InvalidField

MAX_LENGTH = 254  # RFC 5321, less the angle brackets of a path
# What mail servers really take, of the much that RFC 5322 allows: no quotes, no comments, no letters beyond ASCII.
_FORM = re.compile(
    r"(?=[^@]{1,64}@)[a-z0-9_%+-]+(\.[a-z0-9_%+-]+)*@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)


def normalise(text: str, *, field: str = "email") -> str:
    """Return ``text`` in lower case: an address that differs in case only is the same one here.

    Raises:
        InvalidField: no such address can exist.
    """
    address = text.strip().lower()
    if len(address) > MAX_LENGTH or not _FORM.fullmatch(address):
        message = "is not an e-mail address"
        raise InvalidField(f"{field} {message}", field=field, errors=[{"field": field, "message": message}])
    return address
