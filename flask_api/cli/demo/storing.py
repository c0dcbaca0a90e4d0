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
from flask_api.cli.demo.ties import Tie
from flask_api.core.transaction import rows, transactional
from flask_api.extensions import db
from flask_api.labels.models import ANYBODY, Label, UserLabel
from flask_api.nearby.models import Location
from flask_api.people.models import UserLike, UserMatch
from flask_api.users.models import GENDERS, UserAuth, UserInfo
from flask_api.visitors.models import Visitor

AUTHS, INFOS, PHOTOS, POSTS, CATEGORY_TABLE = (
    cast(Table, model.__table__) for model in (UserAuth, UserInfo, UserAlbum, BlogPost, BlogCategory)
)
LOCATIONS, PICKED, LIKE_TABLE, MATCHES, VISIT_TABLE = (
    cast(Table, model.__table__) for model in (Location, UserLabel, UserLike, UserMatch, Visitor)
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


def labels_by_gender() -> dict[str | None, list[int]]:
    """Return the ids of the labels that people of each gender may pick."""
    labels = rows(select(Label.id, Label.gender).where(Label.is_active).order_by(Label.id))
    return {gender: [label.id for label in labels if label.gender in (ANYBODY, gender)] for gender in (None, *GENDERS)}


@transactional
def store_places(places: Sequence[dict[str, Any]], labels: Sequence[dict[str, int]]) -> None:
    """Add where people are, and what labels they have."""
    if places:
        db.session.execute(insert(LOCATIONS), places)
    if labels:
        db.session.execute(insert(PICKED), labels)


@transactional
def store_likes(likes: Sequence[Tie]) -> None:
    """Add likes, in this order, their answers, and the matches that both make."""
    told = [_like(like.who, like.whom, like.at) for like in likes]
    met = [like for like in likes if like.is_mutual]
    db.session.execute(insert(LIKE_TABLE), told + [_like(like.whom, like.who, like.at) for like in met])
    sides = [(like.who, like.whom, like.at) for like in met] + [(like.whom, like.who, like.at) for like in met]
    if sides:
        rows_of_matches = [{"user_id": one, "other_id": other, "created_at": at} for one, other, at in sides]
        db.session.execute(insert(MATCHES), rows_of_matches)


def _like(who: int, whom: int, at: datetime) -> dict[str, Any]:
    return {"liker_id": who, "liked_id": whom, "created_at": at}


@transactional
def store_visits(visits: Sequence[Tie]) -> None:
    """Add visits, in this order."""
    told = [
        {"host_id": visit.whom, "visitor_id": visit.who, "day": visit.at.date(), "visited_at": visit.at}
        for visit in visits
    ]
    db.session.execute(insert(VISIT_TABLE), told)


def newest_tie() -> datetime | None:
    """Return the moment of the newest visit or like."""
    newest = [rows(select(func.max(column).label("at")))[0].at for column in (Visitor.visited_at, UserLike.created_at)]
    return max((at for at in newest if at is not None), default=None)


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
