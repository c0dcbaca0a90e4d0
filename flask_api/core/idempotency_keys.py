"""The answers to requests that came with a key, kept for a day: their table, and who may run when.

The answer is stored in the transaction of the effect it stands for: both are there, or neither. A failure stores no
answer, so its key is free again.

A key's row is made first, without an answer, and committed at once; a request then runs under the row's lock, and all
others with that key wait in line. Were the row made in the transaction of the effect, InnoDB would give all who wait
there a shared lock, and when that effect failed they would be in a deadlock with each other. The lock is taken by the
row's id: by the key InnoDB would lock two indexes, one after the other.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, bindparam, delete, select
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from flask_api.core import personal_data
from flask_api.core.auth import TokenInvalid
from flask_api.core.database import Base, BigId, Moment, exact_text, now
from flask_api.core.encryption import decrypt, encrypt
from flask_api.core.errors import Conflict
from flask_api.core.jobs import background, scheduled
from flask_api.core.transaction import lock, rows, transactional
from flask_api.extensions import db

LIFETIME = timedelta(hours=24)
MAX_LENGTH = 64
BATCH = 500


class IdempotencyKeyReused(Conflict):
    status = "IDEMPOTENCY_KEY_REUSED"
    message = "This Idempotency-Key came with another request before; take a new one."


class IdempotencyKey(Base):
    """A caller's key and, once the request has succeeded, its answer.

    ``sealed`` is what tells the request from another and the answer's body, encrypted: an answer may show a secret, and
    by a bare hash of the request one could guess a password in it.
    """

    __tablename__ = "idempotency_key"
    __table_args__ = (
        Index(None, "user_id", "key", unique=True),
        Index(None, "created_at"),
        {"sqlite_autoincrement": True},  # an id is never given again
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("user_auth.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(exact_text(MAX_LENGTH))
    code: Mapped[int | None]
    sealed: Mapped[str | None] = mapped_column(Text().with_variant(mysql.MEDIUMTEXT(), "mysql"))
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client gets: the HTTP status, the bytes of the body, and whether it got them before."""

    code: int
    body: bytes
    is_replay: bool = False


ROW = select(IdempotencyKey.__table__).where(
    IdempotencyKey.user_id == bindparam("user_id"), IdempotencyKey.key == bindparam("key")
)


def answer_once(user_id: int, key: str, fingerprint: str, answer: Callable[[], Answer]) -> Answer:
    """Return what ``answer`` returns, and keep it; or what was kept of this request before.

    Args:
        fingerprint: what tells this request from another.
        answer: runs in one transaction with the keeping; again, if that ends in a deadlock.

    Raises:
        IdempotencyKeyReused: within ``LIFETIME`` the key came with another request.
        TokenInvalid: the caller was erased a moment ago.
    """
    while True:
        row = _find(user_id, key) or _make(user_id, key)
        if _is_answered(row):
            return _replay(row, fingerprint)
        given = _answer_alone(row.id, fingerprint, answer)
        if given is not None:  # else the row was so old that it has been deleted meanwhile
            return given


def _find(user_id: int, key: str) -> Any:
    found = rows(ROW, user_id=user_id, key=key)
    return found[0] if found else None


def _make(user_id: int, key: str) -> Any:
    with suppress(IntegrityError):  # somebody else was first, or there is no such user
        _add(user_id, key)
    row = _find(user_id, key)
    if row is None:
        raise TokenInvalid
    return row


@transactional
def _add(user_id: int, key: str) -> None:
    db.session.add(IdempotencyKey(user_id=user_id, key=key))


@transactional
def _answer_alone(row_id: int, fingerprint: str, answer: Callable[[], Answer]) -> Answer | None:
    """Answer under the row's lock; None if there is no such row any more."""
    row = lock(IdempotencyKey, row_id)
    if row is None:
        return None
    if _is_answered(row):
        return _replay(row, fingerprint)
    given = answer()
    row.code, row.sealed, row.created_at = given.code, encrypt(f"{fingerprint}\n{given.body.decode()}"), now()
    return given


def _is_answered(row: Any) -> bool:
    return row.sealed is not None and row.created_at > now() - LIFETIME


def _replay(row: Any, fingerprint: str) -> Answer:
    kept_fingerprint, _, body = decrypt(row.sealed).partition("\n")
    if kept_fingerprint != fingerprint:
        raise IdempotencyKeyReused
    return Answer(row.code, body.encode(), is_replay=True)


OLD = select(IdempotencyKey.id, IdempotencyKey.created_at).where(
    IdempotencyKey.created_at.between(bindparam("after"), bindparam("before"))
)
OLD = OLD.order_by(IdempotencyKey.created_at).limit(BATCH)


def delete_expired() -> int:
    """Delete the rows that are older than ``LIFETIME``; return how many. Several processes may do so at once."""
    deleted, before, after = 0, now() - LIFETIME, datetime.fromtimestamp(0, UTC)
    while batch := rows(OLD, after=after, before=before):
        after = batch[-1].created_at
        deleted += _delete([row.id for row in batch], before)
    return deleted


@scheduled(every=3600)
@background
def delete_expired_answers() -> None:
    """Delete the rows that are older than ``LIFETIME``."""
    delete_expired()


@transactional
def _delete(ids: list[int], before: datetime) -> int:
    """Delete these rows, but for those that were answered anew since they were looked up."""
    old = delete(IdempotencyKey).where(IdempotencyKey.id.in_(ids), IdempotencyKey.created_at <= before)
    result: Any = db.session.execute(old.execution_options(synchronize_session=False))
    return int(result.rowcount)


MINE = select(IdempotencyKey.key, IdempotencyKey.created_at).where(IdempotencyKey.user_id == bindparam("user_id"))
MINE = MINE.order_by(IdempotencyKey.id)

personal_data.register(
    "idempotency_keys", export=lambda user_id: [dict(row._mapping) for row in rows(MINE, user_id=user_id)]
)
