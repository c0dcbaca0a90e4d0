"""The table of who one is elsewhere."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from flask_api.core.database import Base, BigId, Moment, exact_text, now

GOOGLE = "google"  # a provider


class SocialLogin(Base):
    """Who a user is at Google, by which they log in. ``email`` is what Google said last; nobody is found by it."""

    __tablename__ = "social_login"
    __table_args__ = (
        UniqueConstraint("provider", "subject"),
        Index(None, "user_id", "provider", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("user_auth.id", ondelete="CASCADE"))
    provider: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(exact_text(255))
    email: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
