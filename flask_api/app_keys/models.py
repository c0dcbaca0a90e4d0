"""The table of app keys."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from flask_api.core.database import Base, BigId, Moment, now


class AppKey(Base):
    """A client app that may sign requests. Its secrets are encrypted; see core/encryption.py."""

    __tablename__ = "app_key"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    appkey: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(50))
    secret: Mapped[str] = mapped_column(String(255))
    previous_secret: Mapped[str | None] = mapped_column(String(255))
    previous_until: Mapped[datetime | None] = mapped_column(Moment)
    allows_version_1: Mapped[bool] = mapped_column(default=False)
    requests_per_minute: Mapped[int | None]
    disabled_at: Mapped[datetime | None] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)

    @property
    def is_disabled(self) -> bool:
        return self.disabled_at is not None
