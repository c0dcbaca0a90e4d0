"""The tables of labels: the catalogue, and who has which."""

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from flask_api.core.database import Base, BigId, exact_text
from flask_api.users.models import GENDERS

KINDS = ("character", "interest", "lifestyle", "purpose")
ANYBODY = "any"
FOR_GENDERS = (ANYBODY, *GENDERS)


class Label(Base):
    """A label that people may give themselves."""

    __tablename__ = "label"
    __table_args__ = (Index(None, "kind", "gender", "name", unique=True), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(exact_text(30))
    kind: Mapped[str] = mapped_column(String(16))
    gender: Mapped[str] = mapped_column(String(16), default=ANYBODY)  # whom it is for
    is_active: Mapped[bool] = mapped_column(default=True)  # one that is not is shown nowhere but to admins


class UserLabel(Base):
    """Somebody has a label."""

    __tablename__ = "user_label"
    __table_args__ = (Index(None, "label_id", "user_id"),)

    user_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("user_auth.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    label_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("label.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
