"""The tables of people: how they log in, and what they say of themselves."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, String, Text, event, text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from flask_api.core.database import Base, BigId, Moment, exact_text, now

ROLES = ("user", "admin")
STATUSES = ("active", "banned", "leaving")

GENDERS = ("male", "female", "other")
EMOTIONAL_STATES = ("single", "married", "divorced", "secret")
ORIENTATIONS = ("heterosexual", "homosexual", "bisexual", "secret")
EDUCATIONS = ("primary", "junior_high", "senior_high", "college", "bachelor", "postgraduate")
SALARIES = ("under_3k", "3k_5k", "5k_8k", "8k_12k", "12k_20k", "over_20k")  # CNY a month
VISIBILITIES = ("nobody", "everyone", "liked")

LONG_AGO = text("'2020-01-01 00:00:00.000000'")  # in quotes, as MariaDB tells of it: else the two seem to differ


class UserAuth(Base):
    """An account: phone, password, role, and whether it may be used."""

    __tablename__ = "user_auth"
    __table_args__ = (
        Index(None, "status", "id"),
        Index(None, "role", "id"),
        Index(None, "role", "status", "id"),
        Index(None, "delete_after"),
        Index(None, "created_at"),
        Index(None, "email", unique=True),
        {"sqlite_autoincrement": True},  # an id is never given again
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    phone: Mapped[str | None] = mapped_column(String(20), unique=True)  # E.164; none: they came by Google
    email: Mapped[str | None] = mapped_column(exact_text(254))  # lower case; its owner has shown to read it
    password_hash: Mapped[str | None] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(16), default="user")
    status: Mapped[str] = mapped_column(String(16), default="active")
    token_generation: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    last_login_at: Mapped[datetime | None] = mapped_column(Moment)
    delete_after: Mapped[datetime | None] = mapped_column(Moment)

    info: Mapped["UserInfo"] = relationship(
        back_populates="auth", cascade="all, delete-orphan", passive_deletes=True, lazy="joined", innerjoin=True
    )

    @property
    def caller_id(self) -> int:
        """Whose record in Redis a change of this row renews; see core/callers.py."""
        return self.id

    @property
    def has_password(self) -> bool:
        return self.password_hash is not None

    def end_all_logins(self) -> None:
        """Make every token of this user dead with the commit of this change."""
        self.token_generation += 1


class UserInfo(Base):
    """A profile, whom its owner looks for, and what lists of people ask of each."""

    __tablename__ = "user_info"
    # Whoever looks for people reads this index from the newest activity on, and all filters off it.
    __table_args__ = (
        Index(
            "ix_user_info_active_at",
            *("active_at", "user_id", "is_active", "visibility", "gender", "birthday", "height_cm", "education"),
            *("salary", "seeks_gender", "seeks_age_min", "seeks_age_max"),
        ),
    )

    user_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("user_auth.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    nickname: Mapped[str] = mapped_column(String(30))
    gender: Mapped[str | None] = mapped_column(String(16))
    birthday: Mapped[date | None] = mapped_column(Date)
    avatar: Mapped[str | None] = mapped_column(String(255))  # address of a picture
    emotional_state: Mapped[str | None] = mapped_column(String(16))
    height_cm: Mapped[int | None]
    orientation: Mapped[str | None] = mapped_column(String(16))
    education: Mapped[str | None] = mapped_column(String(16))
    salary: Mapped[str | None] = mapped_column(String(16))
    visibility: Mapped[str] = mapped_column(String(16), default="everyone")
    bio: Mapped[str] = mapped_column(Text, default="")
    seeks_gender: Mapped[str | None] = mapped_column(String(16))  # None: any
    seeks_age_min: Mapped[int | None]
    seeks_age_max: Mapped[int | None]
    is_invisible: Mapped[bool] = mapped_column(default=False, server_default="0")  # wants to; see visitors/visits.py
    is_active: Mapped[bool] = mapped_column(default=True, server_default="1")  # whether the account's status is
    active_at: Mapped[datetime] = mapped_column(Moment, default=now, server_default=LONG_AGO)
    updated_at: Mapped[datetime] = mapped_column(Moment, default=now, onupdate=now)

    auth: Mapped[UserAuth] = relationship(back_populates="info")

    @property
    def caller_id(self) -> int:
        return self.user_id


@event.listens_for(Session, "before_flush")
def _copy_status(session: Session, _context: Any, _instances: Any) -> None:
    """Lists of people look at one table: whether an account is active stands in the profile as well."""
    for changed in (*session.new, *session.dirty):
        if isinstance(changed, UserAuth) and changed.status is not None:
            changed.info.is_active = changed.status == "active"
