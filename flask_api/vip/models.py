"""The table of what somebody may do beyond what everybody may."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from flask_api.core.database import Base, BigId, Moment

NAMES = ("visitors", "likes_received", "invisible")


class Entitlement(Base):
    """One thing that somebody may do, until a moment; what is over may stand there still."""

    __tablename__ = "entitlement"

    user_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("user_auth.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    until: Mapped[datetime] = mapped_column(Moment)
