"""The table of visits."""

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from flask_api.core.database import Base, BigId, Moment, now


class Visitor(Base):
    """Somebody looked at somebody's profile on a day (UTC), for the first time on it; a row never changes."""

    __tablename__ = "visitor"
    __table_args__ = (
        Index(None, "host_id", "visitor_id", "day", unique=True),
        Index(None, "host_id", "id"),
        Index(None, "visitor_id"),
        Index(None, "visited_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    host_id: Mapped[int] = mapped_column(BigId, ForeignKey("user_auth.id", ondelete="CASCADE"))
    visitor_id: Mapped[int] = mapped_column(BigId, ForeignKey("user_auth.id", ondelete="CASCADE"))
    day: Mapped[date] = mapped_column(Date)
    visited_at: Mapped[datetime] = mapped_column(Moment, default=now)
