"""Writing posts and categories. Only the author or an admin changes a post; only admins change categories."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from flask_api.blog.models import BlogCategory, BlogPost
from flask_api.blog.posts import PostNotFound, get_post, list_posts, read_post
from flask_api.core import personal_data
from flask_api.core.callers import Caller
from flask_api.core.errors import Conflict, Forbidden, InvalidField, NotFound
from flask_api.core.pagination import Page
from flask_api.core.transaction import lock, rows, transactional
from flask_api.extensions import db
from flask_api.people import subjects


@dataclass(frozen=True, slots=True)
class CategoryWithPosts:
    """A category and a page of its posts, newest first."""

    id: int
    name: str
    post_count: int
    posts: Page


class NotTheAuthor(Forbidden):
    status = "NOT_THE_AUTHOR"
    message = "Only its author or an admin may change a post."


class CategoryNotFound(NotFound):
    status = "CATEGORY_NOT_FOUND"
    message = "There is no such category."


class CategoryTaken(Conflict):
    status = "CATEGORY_TAKEN"
    message = "There is a category of this name."


class TooManyCategories(Conflict):
    status = "TOO_MANY_CATEGORIES"
    message = "There are as many categories as there may be."


class CategoryInUse(Conflict):
    status = "CATEGORY_IN_USE"
    message = "This category has posts; move or delete them first."


@transactional
def create_post(author_id: int, *, title: str, body: str, category_id: int) -> Any:
    """Write a post.

    Raises:
        InvalidField: there is no such category.
    """
    _count_posts(category_id, +1)
    post = BlogPost(title=title, body=body, category_id=category_id, author_id=author_id)
    db.session.add(post)
    db.session.flush()
    return read_post(post.id)


@transactional
def change_post(caller: Caller, post_id: int, **changes: Any) -> Any:
    """Change a post.

    Raises:
        PostNotFound, NotTheAuthor, InvalidField.
    """
    post = _lock_own_post(caller, post_id)
    if changes.get("category_id", post.category_id) != post.category_id:
        # Counts in the order of their ids, so that two such moves cannot wait for each other.
        for category_id in sorted((post.category_id, changes["category_id"])):
            _count_posts(category_id, +1 if category_id == changes["category_id"] else -1)
    for name, value in changes.items():
        setattr(post, name, value)
    db.session.flush()
    return read_post(post_id)


@transactional
def delete_post(caller: Caller, post_id: int) -> None:
    """Delete a post.

    Raises:
        PostNotFound, NotTheAuthor.
    """
    post = _lock_own_post(caller, post_id)
    _count_posts(post.category_id, -1)
    db.session.delete(post)


def _lock_own_post(caller: Caller, post_id: int) -> BlogPost:
    post = lock(BlogPost, post_id)
    if post is None:
        raise PostNotFound
    if post.author_id != caller.id and caller.role != "admin":
        get_post(caller.id, post_id)  # or it is not found
        raise NotTheAuthor
    return post


def _count_posts(category_id: int, difference: int) -> None:
    changed = db.session.execute(
        update(BlogCategory)
        .where(BlogCategory.id == category_id)
        .values(post_count=BlogCategory.post_count + difference)
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount == 0:  # type: ignore[attr-defined]
        message = "is not the id of a category"
        problem = {"field": "category_id", "message": message}
        raise InvalidField(f"category_id {message}", field="category_id", errors=[problem])


CATEGORIES = select(BlogCategory.__table__).order_by(BlogCategory.name)
ONE_CATEGORY = select(BlogCategory.__table__).where(BlogCategory.id == bindparam("category_id"))
MAX_CATEGORIES = 500


def list_categories() -> list[Any]:
    """Return all categories by name; there are never more than ``MAX_CATEGORIES``."""
    return list(rows(CATEGORIES.limit(MAX_CATEGORIES)))


def get_category_with_posts(viewer_id: int | None, category_id: int, **page: Any) -> CategoryWithPosts:
    """Return a category and a page of its posts.

    Raises:
        CategoryNotFound: there is none.
    """
    found = rows(ONE_CATEGORY, category_id=category_id)
    if not found:
        raise CategoryNotFound
    category = found[0]
    posts = list_posts(viewer_id, category_id=category_id, **page)
    return CategoryWithPosts(category.id, category.name, category.post_count, posts)


def create_category(name: str) -> BlogCategory:
    """Create a category.

    Raises:
        CategoryTaken: the name is in use.
        TooManyCategories: there are ``MAX_CATEGORIES`` already.
    """
    try:
        return _add_category(name)
    except IntegrityError:
        raise CategoryTaken(field="name") from None


@transactional
def _add_category(name: str) -> BlogCategory:
    if (db.session.scalar(select(func.count(BlogCategory.id))) or 0) >= MAX_CATEGORIES:
        raise TooManyCategories
    category = BlogCategory(name=name, post_count=0)
    db.session.add(category)
    return category


def change_category(category_id: int, *, name: str) -> BlogCategory:
    """Rename a category.

    Raises:
        CategoryNotFound, CategoryTaken.
    """
    try:
        return _rename_category(category_id, name)
    except IntegrityError:
        raise CategoryTaken(field="name") from None


@transactional
def _rename_category(category_id: int, name: str) -> BlogCategory:
    category = _lock_category(category_id)
    category.name = name
    return category


@transactional
def delete_category(category_id: int) -> None:
    """Delete a category that has no posts.

    Raises:
        CategoryNotFound, CategoryInUse.
    """
    category = _lock_category(category_id)
    if category.post_count:
        raise CategoryInUse
    db.session.delete(category)


def _lock_category(category_id: int) -> BlogCategory:
    category = lock(BlogCategory, category_id)
    if category is None:
        raise CategoryNotFound
    return category


EXPORTED = select(BlogPost.id, BlogPost.title, BlogPost.body, BlogPost.category_id, BlogPost.created_at)
EXPORTED = EXPORTED.where(BlogPost.author_id == bindparam("user_id")).order_by(BlogPost.id)


def _export_posts(user_id: int) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in rows(EXPORTED, user_id=user_id)]


def _erase_posts(user_id: int) -> None:
    mine = select(BlogPost.category_id, func.count(BlogPost.id)).where(BlogPost.author_id == user_id)
    mine = mine.group_by(BlogPost.category_id).order_by(BlogPost.category_id).with_for_update()
    for category_id, count in db.session.execute(mine).all():
        _count_posts(category_id, -count)
    db.session.execute(delete(BlogPost).where(BlogPost.author_id == user_id))


personal_data.register("posts", export=_export_posts, erase=_erase_posts)


def _author_of(post_id: int) -> int | None:
    found = rows(AUTHOR, post_id=post_id)
    return found[0].author_id if found else None


def _shown(ids: Sequence[int]) -> dict[int, subjects.Subject]:
    return {row.id: subjects.Subject(row.title, row.body, None) for row in rows(REPORTED, ids=ids)}


AUTHOR = select(BlogPost.author_id).where(BlogPost.id == bindparam("post_id"))
MOST_SHOWN = 2000  # characters of a post, to admins who look at what was reported
REPORTED = select(BlogPost.id, BlogPost.title, func.substr(BlogPost.body, 1, MOST_SHOWN).label("body"))
REPORTED = REPORTED.where(BlogPost.id.in_(bindparam("ids", expanding=True)))
subjects.register("post", _author_of, _shown)
