"""Rows into tables: many at a time, each portion in one transaction of its own.

What is written here is new: no record of a caller can be kept in Redis for it, so Redis is not needed.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import Table, bindparam, func, insert, select, update

from flask_api.albums.models import UserAlbum
from flask_api.blog import services as blog
from flask_api.blog.models import BlogCategory, BlogPost
from flask_api.cli.demo.people import Person
from flask_api.core.transaction import rows, transactional
from flask_api.extensions import db
from flask_api.users.models import UserAuth, UserInfo

AUTHS, INFOS, PHOTOS, POSTS, CATEGORY_TABLE = (
    cast(Table, model.__table__) for model in (UserAuth, UserInfo, UserAlbum, BlogPost, BlogCategory)
)
BY_PHONE = select(AUTHS.c.phone, AUTHS.c.id, AUTHS.c.role).where(AUTHS.c.phone.in_(bindparam("phones", expanding=True)))
MORE_POSTS = (
    update(CATEGORY_TABLE)
    .where(CATEGORY_TABLE.c.id == bindparam("category"))
    .values(post_count=CATEGORY_TABLE.c.post_count + bindparam("more"))
)


def is_migrated() -> bool:
    """Tell whether the database has all migrations."""
    script = ScriptDirectory(current_app.extensions["migrate"].directory)
    with db.engine.connect() as connection:
        return set(MigrationContext.configure(connection).get_current_heads()) == set(script.get_heads())


def users_by_phone(phones: Sequence[str]) -> dict[str, Any]:
    """Return id and role of those of the phones (E.164) that are in use."""
    return {row.phone: row for row in rows(BY_PHONE, phones=list(phones))}


def newest_post() -> datetime | None:
    """Return the moment of the newest post."""
    found: datetime | None = rows(select(func.max(BlogPost.created_at).label("newest")))[0].newest
    return found


@transactional
def store_people(people: Sequence[Person]) -> list[int]:
    """Add people with their profiles and photos; return their ids in the same order.

    The database counts the ids: it alone knows which it has given before.

    Raises:
        IntegrityError: one of the phones is in use.
    """
    db.session.execute(insert(AUTHS), [person.auth for person in people])
    stored = users_by_phone([person.auth["phone"] for person in people])
    ids: list[int] = [stored[person.auth["phone"]].id for person in people]
    paired = list(zip(ids, people, strict=True))
    db.session.execute(insert(INFOS), [{"user_id": user_id, **person.info} for user_id, person in paired])
    photos = [{"user_id": user_id, **photo} for user_id, person in paired for photo in person.photos]
    if photos:
        db.session.execute(insert(PHOTOS), photos)
    return ids


@transactional
def store_posts(posts: Sequence[dict[str, Any]]) -> None:
    """Add posts, in this order, and count them in their categories."""
    # First the counts, in the order of their ids, as the blog's own services do: so nobody waits in a circle.
    for category_id, more in sorted(Counter(post["category_id"] for post in posts).items()):
        db.session.execute(MORE_POSTS, {"category": category_id, "more": more})
    db.session.execute(insert(POSTS), posts)


def category_ids(names: Sequence[str]) -> list[int]:
    """Return the ids of these categories, in the same order; makes those that are missing.

    Raises:
        Conflict: there are too many categories already.
    """
    known = _ids_by_name()
    for name in names:
        if name not in known:
            blog.create_category(name)
    known = _ids_by_name()
    return [known[name] for name in names]


def _ids_by_name() -> dict[str, int]:
    return {category.name: category.id for category in blog.list_categories()}
