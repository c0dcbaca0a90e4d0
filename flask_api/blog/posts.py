"""Reading posts: pages by cursor, numbered pages, the archive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, select

from flask_api.blog.models import BlogCategory, BlogPost
from flask_api.core.errors import InvalidField, NotFound
from flask_api.core.pagination import DEFAULT_LIMIT, Page, make_page, newest_first, read_cursor
from flask_api.core.transaction import rows
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


POST = (
    select(
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
    # Both are always there. Outer joins hold MariaDB to reading posts first, 21 of them: it would rather begin with the
    # few categories, read all posts, and sort them.
    .outerjoin(BlogCategory, BlogCategory.id == BlogPost.category_id)
    .outerjoin(UserInfo, UserInfo.user_id == BlogPost.author_id)
)
ONE_POST = POST.where(BlogPost.id == bindparam("post_id"))


@cache
def _newest(*filters: str) -> Select[*tuple[Any, ...]]:
    """Return the query of a page, newest first; made once for each set of filters."""
    columns = (BlogPost.category_id, BlogPost.author_id)
    equal: dict[Any, object] = {column: bindparam(column.key) for column in columns if column.key in filters}
    after: list[object] | None = [bindparam("before")] if "before" in filters else None
    query = newest_first(POST, BlogPost.id, equal=equal, after=after).limit(bindparam("limit"))
    return query.offset(bindparam("offset")) if "offset" in filters else query


def get_post(post_id: int) -> Any:
    """Return one post.

    Raises:
        PostNotFound: there is none.
    """
    found = rows(ONE_POST, post_id=post_id)
    if not found:
        raise PostNotFound
    return found[0]


def list_posts(
    *,
    category_id: int | None = None,
    author_id: int | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page:
    """Return posts, newest first."""
    before = read_cursor(POSTS, cursor, [int])[0] if cursor is not None else None
    filters = {"category_id": category_id, "author_id": author_id, "before": before}
    given = {name: value for name, value in filters.items() if value is not None}
    found = rows(_newest(*given), limit=limit + 1, **given)
    return make_page(POSTS, found, limit, lambda post: [post.id])


def list_numbered_posts(*, category_id: int | None = None, page: int = 1, per_page: int = 20) -> NumberedPage:
    """Return one numbered page, newest first, and how many there are; the total comes from the categories' counts."""
    count = select(func.coalesce(func.sum(BlogCategory.post_count), 0).label("total"))
    given = {} if category_id is None else {"category_id": category_id}
    if category_id is not None:
        count = count.where(BlogCategory.id == category_id)
    total = int(rows(count)[0].total)
    found = rows(_newest(*given, "offset"), limit=per_page, offset=(page - 1) * per_page, **given)
    return NumberedPage(found, page, per_page, -(-total // per_page), total)


def list_archive(
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
    after = None
    if cursor is not None:
        microseconds, post_id = read_cursor(ARCHIVE, cursor, [int, int])
        after = [_from_microseconds(microseconds), post_id]
    query = POST.where(BlogPost.created_at >= first)
    query = newest_first(query, BlogPost.created_at, BlogPost.id, after=after, end=end).limit(limit + 1)
    return make_page(ARCHIVE, rows(query), limit, lambda post: [_to_microseconds(post.created_at), post.id])


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


def _to_microseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond


def _from_microseconds(microseconds: int) -> datetime:
    seconds, rest = divmod(microseconds, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)
