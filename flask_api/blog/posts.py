"""Reading posts: pages by cursor, numbered pages, the archive.

Of each post is read whether the viewer may know of its author; a post of somebody else is passed over here. As a
condition of the query it would have MariaDB choose another plan, and read without bound where many are hidden.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Integer, bindparam, func, select, type_coerce

from flask_api.blog.models import BlogCategory, BlogPost
from flask_api.core.database import from_microseconds, to_microseconds
from flask_api.core.errors import InvalidField, NotFound
from flask_api.core.pagination import DEFAULT_LIMIT, Page, filled_page, newest_first, read_cursor
from flask_api.core.transaction import rows
from flask_api.people.sight import VIEWER, Query, seen_by
from flask_api.users.models import UserInfo

POSTS, ARCHIVE = "posts", "archive"  # name the lists in their cursors


class PostNotFound(NotFound):
    status = "POST_NOT_FOUND"
    message = "There is no such post."


@dataclass(frozen=True, slots=True)
class NumberedPage:
    items: Sequence[Any]
    page: int
    per_page: int
    pages: int
    total: int


COLUMNS = (
    BlogPost.id,
    BlogPost.title,
    BlogPost.body,
    BlogPost.category_id,
    BlogCategory.name.label("category_name"),
    BlogPost.author_id,
    UserInfo.nickname,
    UserInfo.avatar,
    BlogPost.created_at,
    BlogPost.updated_at,
)


def _posts(seen: ColumnElement[bool]) -> Query:
    query = select(*COLUMNS, type_coerce(seen, Integer).label("is_seen")).select_from(BlogPost)
    # Both are always there. Outer joins hold MariaDB to reading posts first, 21 of them: it would rather begin with the
    # few categories, read all posts, and sort them.
    query = query.outerjoin(BlogCategory, BlogCategory.id == BlogPost.category_id)
    return query.outerjoin(UserInfo, UserInfo.user_id == BlogPost.author_id)


FOR_STRANGERS, FOR_VIEWERS = _posts(seen_by(None)), _posts(seen_by(VIEWER))
IS_SEEN = itemgetter(-1)  # of a row; by its name it takes three times as long
ONE_POST = tuple(posts.where(BlogPost.id == bindparam("post_id")) for posts in (FOR_STRANGERS, FOR_VIEWERS))


def _viewer(viewer_id: int | None) -> dict[str, int]:
    """Return the parameters of a query of posts; None: who is not logged in."""
    return {} if viewer_id is None else {"viewer_id": viewer_id}


@cache
def _newest(is_known: bool, *filters: str) -> Query:
    """Return the query of a page, newest first; made once for each set of filters."""
    columns = (BlogPost.category_id, BlogPost.author_id)
    equal: dict[Any, object] = {column: bindparam(column.key) for column in columns if column.key in filters}
    after: list[object] | None = [bindparam("before")] if "before" in filters else None
    posts = FOR_VIEWERS if is_known else FOR_STRANGERS
    query = newest_first(posts, BlogPost.id, equal=equal, after=after).limit(bindparam("limit"))
    return query.offset(bindparam("offset")) if "offset" in filters else query


def get_post(viewer_id: int | None, post_id: int) -> Any:
    """Return one post.

    Raises:
        PostNotFound: there is none, or none that the viewer may know of.
    """
    found = rows(ONE_POST[viewer_id is not None], **_viewer(viewer_id), post_id=post_id)
    if not found or not found[0].is_seen:
        raise PostNotFound
    return found[0]


def read_post(post_id: int) -> Any:
    """Return one post that there is, to who may change it."""
    return rows(ONE_POST[False], post_id=post_id)[0]


def list_posts(
    viewer_id: int | None,
    *,
    category_id: int | None = None,
    author_id: int | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page:
    """Return posts of authors whom the viewer may know of, newest first."""
    after = read_cursor(POSTS, cursor, [int]) if cursor is not None else None
    filters = {"category_id": category_id, "author_id": author_id, "viewer_id": viewer_id}
    given = {name: value for name, value in filters.items() if value is not None}

    def read(after: list[Any] | None, count: int) -> Sequence[Any]:
        told = given if after is None else {**given, "before": after[0]}
        found = rows(_newest(viewer_id is not None, *told), **told, limit=count)
        is_hidden = author_id is not None and found and not found[0].is_seen  # and so are all that follow
        return [] if is_hidden else found

    return filled_page(POSTS, limit=limit, after=after, read=read, shown=_shown, position=lambda post: [post.id])


def _shown(posts: Sequence[Any]) -> Sequence[Any]:
    return posts if all(map(IS_SEEN, posts)) else [post if post.is_seen else None for post in posts]


def list_numbered_posts(
    viewer_id: int | None, *, category_id: int | None = None, page: int = 1, per_page: int = 20
) -> NumberedPage:
    """Return one numbered page, newest first, and how many there are; the total comes from the categories' counts.

    Posts that the viewer may not know of are counted, and missing on their page.
    """
    count = select(func.coalesce(func.sum(BlogCategory.post_count), 0).label("total"))
    given = {} if category_id is None else {"category_id": category_id}
    if category_id is not None:
        count = count.where(BlogCategory.id == category_id)
    total = int(rows(count)[0].total)
    if viewer_id is not None:
        given["viewer_id"] = viewer_id
    query = _newest(viewer_id is not None, *given, "offset")
    found = rows(query, limit=per_page, offset=(page - 1) * per_page, **given)
    return NumberedPage([post for post in found if post.is_seen], page, per_page, -(-total // per_page), total)


def list_archive(
    viewer_id: int | None,
    year: int,
    month: int | None = None,
    day: int | None = None,
    *,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page:
    """Return the posts of a whole year, month or day (UTC), newest first.

    Raises:
        InvalidField: there is no such day.
    """
    first, end = _span(year, month, day)
    after = None if cursor is None else read_cursor(ARCHIVE, cursor, [int, int])
    posts = (FOR_STRANGERS if viewer_id is None else FOR_VIEWERS).where(BlogPost.created_at >= first)

    def read(after: list[Any] | None, count: int) -> Sequence[Any]:
        last = None if after is None else [from_microseconds(after[0]), after[1]]
        query = newest_first(posts, BlogPost.created_at, BlogPost.id, after=last, end=end)
        return rows(query.limit(count), **_viewer(viewer_id))

    return filled_page(ARCHIVE, limit=limit, after=after, read=read, shown=_shown, position=_place)


def _place(post: Any) -> list[Any]:
    return [to_microseconds(post.created_at), post.id]


def _span(year: int, month: int | None, day: int | None) -> tuple[datetime, datetime]:
    """Return the first moment of a year, month or day, and the first one after it."""
    try:
        first = datetime(year, 1 if month is None else month, 1 if day is None else day, tzinfo=UTC)
        if day is not None:
            return first, datetime.fromordinal(first.toordinal() + 1).replace(tzinfo=UTC)
        if month is not None and month < 12:
            return first, first.replace(month=month + 1)
        return first, datetime(year + 1, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        raise InvalidField("There is no such day in the calendar.") from None
