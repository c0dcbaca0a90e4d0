"""Lists of people that hang on one person's rows: whom I like, who likes me, who looked at me.

A row ties two people. Rows are read newest first and at most so many, whoever they lead to; of these people those are
shown whom the list's owner may know of. So a page costs the same however many of them are hidden.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ScalarSelect, and_, bindparam, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute

from flask_api.core.pagination import Page, newest_first, read_cursor, write_cursor
from flask_api.core.transaction import rows
from flask_api.people.cards import COLUMNS
from flask_api.people.models import UserSeen
from flask_api.people.sight import VIEWER, seen_by
from flask_api.users.models import UserInfo

MOST_COUNTED = 999  # stands for more as well
MOST_LOOKED_AT = 2000  # of the newest rows, for a count: whoever is hidden costs as much as who counts
MOST_READS = 5  # for one page

Column = InstrumentedAttribute[Any]


class Links:
    """The rows of one table by which people hang on others.

    Args:
        name: names the list in its cursors.
        row_id: the table's id; with ``owner`` before it there is an index.
        owner: whose list it is.
        person: who is in it.
        more: columns that the list shows.
    """

    def __init__(self, name: str, row_id: Column, owner: Column, person: Column, *more: Column) -> None:
        self._name, self._row_id, self._owner, self._person = name, row_id, owner, person
        links = select(row_id.label("link_id"), person.label("person_id"), *more)
        self._first = self._with_people(links, None)
        self._following = self._with_people(links, [bindparam("before")])
        self._count = select(self._counted(bindparam("after")).label("number"))

    def _with_people(self, links: Any, after: list[Any] | None) -> Any:
        equal: dict[Column, object] = {self._owner: VIEWER}
        link = newest_first(links, self._row_id, equal=equal, after=after).limit(bindparam("limit")).subquery("link")
        people = link.outerjoin(UserInfo, and_(UserInfo.user_id == link.c.person_id, seen_by(VIEWER)))
        return select(*link.c, *COLUMNS).select_from(people).order_by(link.c.link_id.desc())

    def page(self, owner_id: int, show: Callable[[Any], Any], *, limit: int, cursor: str | None = None) -> Page:
        """Return a page of somebody's list, newest first.

        Args:
            show: makes an item of a row, which has ``more`` and what a card is made of.

        Raises:
            BadCursor: the cursor is of another list, or not ours.
        """
        before = None if cursor is None else read_cursor(self._name, cursor, [int])[0]
        items: list[Any] = []
        for _ in range(MOST_READS):
            found = self._read(owner_id, limit + 1, before)
            for row in found:
                if len(items) == limit:
                    return Page(items, write_cursor(self._name, [before]))
                before = row.link_id
                if row.user_id is not None:
                    items.append(show(row))
            if len(found) <= limit:
                return Page(items, None)
        return Page(items, write_cursor(self._name, [before]))

    def _read(self, owner_id: int, limit: int, before: int | None) -> Any:
        if before is None:
            return rows(self._first, viewer_id=owner_id, limit=limit)
        return rows(self._following, viewer_id=owner_id, limit=limit, before=before)

    def count(self, owner_id: int) -> int:
        """Return how many of the newest 2,000 in somebody's list he may know of; 999 stands for more as well."""
        return int(rows(self._count, viewer_id=owner_id, after=0)[0].number)

    def unread(self, seen: Column) -> ScalarSelect[int]:
        """Return the expression that counts what came after the row that ``seen`` (of ``UserSeen``) names."""
        last = select(seen).where(UserSeen.user_id == VIEWER).scalar_subquery()
        return self._counted(func.coalesce(last, 0))

    def _counted(self, after: Any) -> ScalarSelect[int]:
        table = self._row_id.property.columns[0].table
        hint = f"FORCE INDEX (ix_{table.name}_{self._owner.key}_{self._row_id.key})"
        newest = select(self._person.label("person_id")).where(self._owner == VIEWER, self._row_id > after)
        newest = newest.with_hint(table, hint, "mysql").order_by(self._row_id.desc()).limit(MOST_LOOKED_AT)
        link = newest.subquery("link")
        query = select(literal(1).label("one")).join_from(link, UserInfo, UserInfo.user_id == link.c.person_id)
        # MariaDB would rather begin with all people.
        query = query.prefix_with("STRAIGHT_JOIN", dialect="mysql").where(seen_by(VIEWER)).limit(MOST_COUNTED)
        return select(func.count()).select_from(query.subquery("counted")).scalar_subquery()

    def newest(self, owner_id: int) -> int:
        """Return the id of the newest row of somebody's list; 0: there is none."""
        newest = select(func.max(self._row_id).label("row_id")).where(self._owner == owner_id)
        return int(rows(newest)[0].row_id or 0)
