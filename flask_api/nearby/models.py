"""The table of where people are, about."""

from datetime import datetime, timedelta

from sqlalchemy import Double, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from flask_api.core.database import Base, BigId, Moment, now

FADES = timedelta(days=30)  # how long a place counts


class Location(Base):
    """Somebody's place, displaced (fuzz.py): where they truly are is nowhere stored. No place: it was taken back."""

    __tablename__ = "location"
    __table_args__ = (Index(None, "placed_at"),)

    user_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("user_auth.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    latitude: Mapped[float | None] = mapped_column(Double)  # degrees
    longitude: Mapped[float | None] = mapped_column(Double)  # degrees, from -180 to below 180
    placed_at: Mapped[datetime | None] = mapped_column(Moment)  # when they said so
    is_hidden: Mapped[bool] = mapped_column(default=False)
    updated_at: Mapped[datetime] = mapped_column(Moment, default=now)  # grows with each change of the row
