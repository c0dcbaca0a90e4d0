"""The table of the audit, to which rows are added and nothing else."""

from datetime import datetime
from typing import Any, Literal, get_args

import orjson
from sqlalchemy import Connection, Delete, Dialect, Index, String, Text, Update, event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from flask_api.core.database import Base, BigId, Moment, now

Action = Literal[
    "login",
    "login_failed",
    "password_set",
    "password_changed",
    "password_reset",
    "password_reset_failed",
    "phone_set",
    "phone_changed",
    "phone_set_failed",
    "proof_failed",
    "email_set",
    "email_set_failed",
    "email_removed",
    "export_requested",
    "google_linked",
    "google_link_failed",
    "google_unlinked",
    "deletion_requested",
    "account_erased",
    "user_created",
    "role_changed",
    "user_banned",
    "user_unbanned",
    "report_resolved",
    "entitlement_set",
    "photo_reviewed",
    "photo_deleted",
    "avatar_removed",
    "app_key_created",
    "app_key_changed",
    "app_key_disabled",
    "app_key_enabled",
    "app_key_rotated",
]
PAST_ACTIONS = ("password_change_failed",)  # of releases before: their entries stay
ACTIONS: tuple[str, ...] = (*get_args(Action), *PAST_ACTIONS)
SUBJECT_KINDS = ("user", "app_key")


class JSONText(TypeDecorator[dict[str, Any]]):
    """A small dict, kept as JSON in a text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: dict[str, Any] | None, dialect: Dialect) -> str | None:
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> dict[str, Any] | None:
        return None if value is None else orjson.loads(value)


class AuditEntry(Base):
    """One thing that happened. Its ids are no foreign keys: an entry outlives the accounts it names."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index(None, "at", "id"),
        Index(None, "action", "at", "id"),
        Index(None, "actor_id", "at", "id"),
        Index(None, "subject_kind", "subject_id", "at", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment, default=now)
    action: Mapped[str] = mapped_column(String(32))
    actor_id: Mapped[int | None] = mapped_column(BigId)  # a user
    subject_kind: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[int | None] = mapped_column(BigId)  # null: nobody knows whom it was about
    address: Mapped[str] = mapped_column(String(45))
    request_id: Mapped[str] = mapped_column(String(64))
    details: Mapped[dict[str, Any]] = mapped_column(JSONText)


@event.listens_for(Engine, "before_execute")
def _refuse_changes(_connection: Connection, statement: Any, _many: Any, _parameters: Any, _options: Any) -> None:
    """Refuse every UPDATE and DELETE of entries that this program builds, by the ORM or not.

    It holds the program's own code to the rule. It does not hold SQL that is written out as text, nor anybody who has
    the database's password: against them only the database's own rights help.
    """
    if isinstance(statement, Update | Delete) and statement.table.is_derived_from(AuditEntry.__table__):
        raise RuntimeError("the audit is append-only: entries are neither changed nor deleted")
