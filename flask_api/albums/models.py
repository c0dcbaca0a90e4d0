"""The table of photos."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from flask_api.core.database import Base, BigId, Moment, now

STATES = ("pending", "approved", "refused")
REASONS = ("nudity", "violence", "advertising", "somebody_else", "under_age", "other")  # for refusing one


class UserAlbum(Base):
    """One photo in a user's album. Others see it while it is approved."""

    __tablename__ = "user_album"
    __table_args__ = (
        Index(None, "user_id", "position"),
        Index(None, "state", "id"),
        Index(None, "upload_id", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("user_auth.id", ondelete="CASCADE"))
    position: Mapped[int]  # from 1, without a gap
    caption: Mapped[str] = mapped_column(String(200), default="")
    url: Mapped[str] = mapped_column(String(255))
    thumbnail_url: Mapped[str | None] = mapped_column(String(255))
    state: Mapped[str] = mapped_column(String(16), default="pending", server_default="approved")
    reason: Mapped[str | None] = mapped_column(String(32))
    is_avatar: Mapped[bool] = mapped_column(default=False, server_default="0")  # or will be, once it is approved
    upload_id: Mapped[int | None] = mapped_column(BigId)  # what is in use goes with its owner, or is let go of here
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
