"""Pages over a ranking that Redis keeps: candidates in their order, and of these whom the viewer may and wants to see.

Nobody's place in such a ranking stays the same, so the cursor counts candidates: whoever moves meanwhile may come twice
or be missed until the list is begun anew.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from flask_api.core.pagination import Page, read_cursor, write_cursor

MOST_CANDIDATES = 1000  # of a ranking: as deep as anybody reads
BATCH = 100  # candidates that are looked at together
MOST_LOOKED_AT = 400  # for one page; a page of rare people is short, and says where it goes on


def ranked_page(
    list_name: str,
    *,
    limit: int,
    cursor: str | None,
    candidates: Callable[[int, int], Sequence[Any]],
    shown: Callable[[Sequence[Any]], Iterable[tuple[int, Any]]],
) -> Page:
    """Return a page; it may be shorter than ``limit`` though more follow, which ``next_cursor`` tells.

    Args:
        candidates: ``candidates(offset, count)`` returns that part of the ranking; fewer than ``count`` are its end.
        shown: ``shown(part)`` returns, of a part of the ranking, the items to show, each with its place in the part; no
            more of them are taken than the page has room for.

    Raises:
        BadCursor: the cursor is of another list, or not ours.
    """
    start = offset = 0 if cursor is None else read_cursor(list_name, cursor, [int])[0]
    items: list[Any] = []
    while offset < MOST_CANDIDATES and offset - start < MOST_LOOKED_AT:
        part = candidates(offset, min(BATCH, MOST_CANDIDATES - offset))
        for place, item in shown(part):
            items.append(item)
            if len(items) == limit:
                return Page(items, _cursor(list_name, offset + place + 1))
        offset += len(part)
        if len(part) < BATCH:
            return Page(items, None)
    return Page(items, _cursor(list_name, offset))


def _cursor(list_name: str, offset: int) -> str | None:
    return write_cursor(list_name, [offset]) if offset < MOST_CANDIDATES else None
