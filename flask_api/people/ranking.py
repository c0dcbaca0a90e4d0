"""Pages over a ranking that Redis keeps: candidates in their order, and of these whom the viewer may and wants to see.

Nobody's place in such a ranking stays the same, so the cursor counts candidates: whoever moves meanwhile may come twice
or be missed until the list is begun anew.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from flask_api.core.pagination import Page, read_cursor, write_cursor

BATCH = 100  # candidates that are looked at together
MOST_LOOKED_AT = 400  # for one page; a page of rare people is short, and says where it goes on


def ranked_page(
    list_name: str,
    *,
    limit: int,
    cursor: str | None,
    candidates: Callable[[int, int], Sequence[Any]],
    shown: Callable[[Sequence[Any]], Iterable[tuple[int, Any]]],
    most: int,
) -> Page:
    """Return a page, with nobody twice; it may be shorter than ``limit`` though more follow: ``next_cursor`` tells.

    Args:
        candidates: ``candidates(offset, count)`` returns that part of the ranking, ids; fewer than ``count`` are its
            end.
        shown: ``shown(part)`` returns, of a part of the ranking, the items to show, each with its place in the part; no
            more of them are taken than the page has room for.
        most: how many candidates there are to be; whoever ranks lower is shown to nobody.

    Raises:
        BadCursor: the cursor is of another list, or not ours.
    """
    start = offset = 0 if cursor is None else read_cursor(list_name, cursor, [int])[0]
    items: dict[Any, Any] = {}  # by their ids: somebody may have moved from one part to the next
    while offset < most and offset - start < MOST_LOOKED_AT:
        part = candidates(offset, min(BATCH, most - offset))
        for place, item in shown(part):
            items.setdefault(part[place], item)
            if len(items) == limit:
                return _page(list_name, items, offset + place + 1, most)
        offset += len(part)
        if len(part) < BATCH:
            return Page([*items.values()], None)
    return _page(list_name, items, offset, most)


def _page(list_name: str, items: dict[Any, Any], offset: int, most: int) -> Page:
    return Page([*items.values()], write_cursor(list_name, [offset]) if offset < most else None)
