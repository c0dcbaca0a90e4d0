"""Pages: opaque keyset cursors.

A cursor names the last row seen by the values the list is ordered by, so the cost of a page does not grow with how far
one has read. It carries the name of its list and a signature: one of another list, or one made up, is refused.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from flask_api.core import fields
from flask_api.core.errors import InvalidField
from flask_api.core.response_shapes import ResponseShape
from flask_api.extensions import settings

MAX_LIMIT = 100
DEFAULT_LIMIT = 20
SIGNATURE_BYTES = 12


class BadCursor(InvalidField):
    status = "BAD_CURSOR"
    message = "cursor is not one that this list gave."


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list and the cursor of those that follow, if any do."""

    items: Sequence[Any]
    next_cursor: str | None


def page_fields() -> dict[str, Any]:
    """Return the query fields of a list: ``limit`` and ``cursor``."""
    return {
        "limit": fields.Integer(min=1, max=MAX_LIMIT, default=DEFAULT_LIMIT, description="How many at most"),
        "cursor": fields.String(max_length=500, description="`next_cursor` of the page before"),
    }


def page_shape(item: ResponseShape) -> ResponseShape:
    """Return the shape of a page of ``item``."""
    return ResponseShape(
        f"{item.name}Page",
        {
            "items": fields.List(fields.Nested(item)),
            "next_cursor": fields.String(nullable=True, description="For the next page; null on the last one"),
        },
    )


def make_page(list_name: str, rows: Sequence[Any], limit: int, position: Callable[[Any], list[Any]]) -> Page:
    """Return a page out of up to ``limit + 1`` rows (the one too many tells that there is more).

    Args:
        list_name: names the list in its cursors.
        position: the JSON-ready values by which the list is ordered, of one row.
    """
    if len(rows) <= limit:
        return Page(rows, None)
    shown = rows[:limit]
    return Page(shown, write_cursor(list_name, position(shown[-1])))


def write_cursor(list_name: str, position: list[Any]) -> str:
    """Return the opaque cursor of a position in a list."""
    payload = orjson.dumps([list_name, *position])
    return base64.urlsafe_b64encode(_sign(payload) + payload).rstrip(b"=").decode()


def read_cursor(list_name: str, cursor: str, types: Sequence[type]) -> list[Any]:
    """Return the position that a cursor of this list names.

    Raises:
        BadCursor: it is of another list, or not ours.
    """
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        signature, payload = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, _sign(payload)):
            raise BadCursor(field="cursor")
        name, *position = orjson.loads(payload)
    except (UnicodeEncodeError, binascii.Error, orjson.JSONDecodeError):
        raise BadCursor(field="cursor") from None
    if name != list_name or [type(value) for value in position] != list(types):
        raise BadCursor(field="cursor")
    return list(position)


def _sign(payload: bytes) -> bytes:
    key = settings.secret_key.encode()
    return hmac.digest(key, b"cursor:" + payload, hashlib.sha256)[:SIGNATURE_BYTES]
