"""ORM models of the peers, onto the tables that ours made: all contenders read the same rows."""

import base64
from datetime import date, datetime

from sqlalchemy import ForeignKey, Select, String, Text, select
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship


class Base(DeclarativeBase):
    """Base of the peers' models."""


class Profile(Base):
    """What a user tells about themselves."""

    __tablename__ = "user_info"

    user_id: Mapped[int] = mapped_column(ForeignKey("user_auth.id"), primary_key=True)
    nickname: Mapped[str | None] = mapped_column(String(32))
    gender: Mapped[str | None] = mapped_column(String(16))
    birthday: Mapped[date | None]
    avatar: Mapped[str | None] = mapped_column(String(255))
    emotional_state: Mapped[str | None] = mapped_column(String(16))
    height_cm: Mapped[int | None]
    orientation: Mapped[str | None] = mapped_column(String(16))
    education: Mapped[str | None] = mapped_column(String(16))
    salary: Mapped[str | None] = mapped_column(String(16))
    visibility: Mapped[str] = mapped_column(String(16))
    bio: Mapped[str | None] = mapped_column(String(500))
    updated_at: Mapped[datetime]


class User(Base):
    """An account; its profile comes with it in one joined select."""

    __tablename__ = "user_auth"

    id: Mapped[int] = mapped_column(primary_key=True)
    phone: Mapped[str] = mapped_column(String(20), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16))
    token_generation: Mapped[int]
    created_at: Mapped[datetime]
    last_login_at: Mapped[datetime | None]
    delete_after: Mapped[datetime | None]
    profile: Mapped[Profile] = relationship(lazy="joined", innerjoin=True)

    @property
    def has_password(self) -> bool:
        """Whether this user can log in by password."""
        return self.password_hash is not None


class Category(Base):
    """What posts are sorted by."""

    __tablename__ = "blog_category"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    post_count: Mapped[int]


class Post(Base):
    """A post; its author is the profile, which shares the account's key, so that one join is enough."""

    __tablename__ = "blog_post"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(120))
    body: Mapped[str] = mapped_column(Text)
    category_id: Mapped[int] = mapped_column(ForeignKey("blog_category.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("user_info.user_id"), index=True)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    category: Mapped[Category] = relationship()
    author: Mapped[Profile] = relationship()


def newest_posts(*, limit: int, cursor: str | None) -> Select[tuple[Post]]:
    """Select the newest posts with author and category; one row more than asked tells whether there is a next page.

    Measured on the way: ``load_only`` of the columns that the cards show costs half as much again (it marks the others
    as deferred in every object), ``selectinload`` twice as much, an outer join a few percent.
    """
    posts = (
        select(Post)
        .options(joinedload(Post.author, innerjoin=True), joinedload(Post.category, innerjoin=True))
        .order_by(Post.id.desc())
        .limit(limit + 1)
    )
    if cursor:
        posts = posts.where(Post.id < int(base64.urlsafe_b64decode(cursor)))
    return posts


def page_of(posts: list[Post], *, limit: int) -> dict:
    """Cut the extra row off; the last post that stays is where the next page starts."""
    more = len(posts) > limit
    cursor = base64.urlsafe_b64encode(str(posts[limit - 1].id).encode()).decode() if more else None
    return {"items": posts[:limit], "next_cursor": cursor}
