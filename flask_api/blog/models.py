"""The tables of the micro blog."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from flask_api.core.database import Base, BigId, Moment, exact_text, now


class BlogCategory(Base):
    """A category; ``post_count`` is kept in step by each change of a post, so that totals cost nothing."""

    __tablename__ = "blog_category"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(exact_text(50), unique=True)
    post_count: Mapped[int] = mapped_column(default=0)


class BlogPost(Base):
    """A post."""

    __tablename__ = "blog_post"
    __table_args__ = (
        Index(None, "category_id", "id"),
        Index(None, "author_id", "id"),
        Index(None, "author_id", "category_id", "id"),
        Index(None, "created_at", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    title: Mapped[str] = mapped_column(String(100))
    body: Mapped[str] = mapped_column(Text)
    category_id: Mapped[int] = mapped_column(BigId, ForeignKey("blog_category.id"))
    author_id: Mapped[int] = mapped_column(BigId, ForeignKey("user_auth.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    updated_at: Mapped[datetime] = mapped_column(Moment, default=now, onupdate=now)
