"""The table of exports that were asked for by mail."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from flask_api.core.database import Base, BigId, Moment, exact_text, now


class AccountExport(Base):
    """A ZIP file of all that is kept of somebody; the row lives as long as the file may be there."""

    __tablename__ = "account_export"
    __table_args__ = (
        Index(None, "user_id", "expires_at"),
        Index(None, "expires_at"),
        {"sqlite_autoincrement": True},  # an id is never given again
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("user_auth.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(exact_text(64))  # of the file in the storage
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    ready_at: Mapped[datetime | None] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
