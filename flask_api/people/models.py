"""The tables of how people stand to each other."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from flask_api.core.database import Base, BigId, Moment, now


class UserBlock(Base):
    """Somebody wants nothing to do with somebody; it holds both ways."""

    __tablename__ = "user_block"
    __table_args__ = (
        Index(None, "blocker_id", "blocked_id", unique=True),
        Index(None, "blocker_id", "id"),
        Index(None, "blocked_id", "blocker_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    blocker_id: Mapped[int] = mapped_column(BigId, ForeignKey("user_auth.id", ondelete="CASCADE"))
    blocked_id: Mapped[int] = mapped_column(BigId, ForeignKey("user_auth.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)


class UserLike(Base):
    """Somebody likes somebody."""

    __tablename__ = "user_like"
    __table_args__ = (
        Index(None, "liker_id", "liked_id", unique=True),
        Index(None, "liker_id", "id"),
        Index(None, "liked_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    liker_id: Mapped[int] = mapped_column(BigId, ForeignKey("user_auth.id", ondelete="CASCADE"))
    liked_id: Mapped[int] = mapped_column(BigId, ForeignKey("user_auth.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)


class UserMatch(Base):
    """Two people who like each other: a row for each of them, as it is seen from his side."""

    __tablename__ = "user_match"
    __table_args__ = (
        Index(None, "user_id", "other_id", unique=True),
        Index(None, "user_id", "id"),
        Index(None, "other_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("user_auth.id", ondelete="CASCADE"))
    other_id: Mapped[int] = mapped_column(BigId, ForeignKey("user_auth.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)


class UserSeen(Base):
    """Up to which row of each list somebody has looked: what comes after is unread."""

    __tablename__ = "user_seen"

    user_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("user_auth.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    visitor_id: Mapped[int] = mapped_column(BigId, default=0)
    like_id: Mapped[int] = mapped_column(BigId, default=0)
    match_id: Mapped[int] = mapped_column(BigId, default=0)
