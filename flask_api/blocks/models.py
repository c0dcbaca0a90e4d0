"""The table of reports; that of blocks is everybody's: people/models.py."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from flask_api.core.database import Base, BigId, Moment, now

KINDS = ("profile", "photo", "post", "message")
REASONS = ("spam", "fake", "harassment", "nudity", "underage", "fraud", "other")
OUTCOMES = ("upheld", "dismissed")
STATES = ("open", *OUTCOMES)


class Report(Base):
    """Somebody tells the admins of somebody, or of what he has put here. Who resolved it the audit knows."""

    __tablename__ = "report"
    __table_args__ = (
        Index(None, "reporter_id", "kind", "subject_id", "is_open", unique=True),
        Index(None, "user_id"),
        Index(None, "state", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    reporter_id: Mapped[int] = mapped_column(BigId, ForeignKey("user_auth.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("user_auth.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[int] = mapped_column(BigId)  # of the photo, the post …; of a profile the user's
    reason: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(String(1000), default="")
    state: Mapped[str] = mapped_column(String(16), default="open")
    is_open: Mapped[bool | None] = mapped_column(default=True)  # or NULL, of which the index takes any number
    note: Mapped[str] = mapped_column(String(1000), default="")
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    resolved_at: Mapped[datetime | None] = mapped_column(Moment)
