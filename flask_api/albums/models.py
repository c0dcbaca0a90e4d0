"""The table of photos."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from flask_api.core.database import Base, BigId, Moment, now


class UserAlbum(Base):
    """One photo in a user's album."""

    __tablename__ = "user_album"
    __table_args__ = (Index(None, "user_id", "position"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("user_auth.id", ondelete="CASCADE"))
    position: Mapped[int]  # from 1
    caption: Mapped[str] = mapped_column(String(200), default="")
    url: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
