"""The tables of uploads, and of the objects that were made of them."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from flask_api.core.database import Base, BigId, Moment, exact_text, now

STATES = ("granted", "processing", "ready", "refused")
DELETED = "deleted"  # kept for a day, since it counts for what a user may send in one


class Upload(Base):
    """One file that a user sends, from the grant on."""

    __tablename__ = "upload"
    __table_args__ = (
        Index(None, "user_id", "id"),
        Index(None, "user_id", "created_at"),
        Index(None, "delete_after"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("user_auth.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), default="granted")
    reason: Mapped[str | None] = mapped_column(String(32))  # why it was refused
    content_type: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)  # of what is sent, in bytes
    incoming_key: Mapped[str] = mapped_column(exact_text(100), unique=True)
    key: Mapped[str | None] = mapped_column(String(100))
    thumbnail_key: Mapped[str | None] = mapped_column(String(100))
    width: Mapped[int | None]
    height: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    expires_at: Mapped[datetime] = mapped_column(Moment)  # the grant
    used_at: Mapped[datetime | None] = mapped_column(Moment)
    delete_after: Mapped[datetime | None] = mapped_column(Moment)  # None: it is in use


class StoredObject(Base):
    """One object in the storage, of an upload or an export: entered before it is put there, so none is forgotten."""

    __tablename__ = "stored_object"
    __table_args__ = (Index(None, "upload_id", "delete_after"), Index(None, "delete_after"))

    key: Mapped[str] = mapped_column(exact_text(100), primary_key=True)
    upload_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("upload.id", ondelete="SET NULL"))
    delete_after: Mapped[datetime | None] = mapped_column(Moment)  # None: it is in use
