"""Who is calling: what is kept of each user in Redis beside the token, and why it is never stale.

A request needs the token and the user; both come in one MGET. The user's record is a copy of what the database says,
and a copy must never outlive a committed change, whichever process made it and whichever of them dies half-way:

* A change puts a marker in the record's place *before* it commits (holding the row's lock) and takes it away after.
  While a marker stands, readers go to the database and keep nothing. If the writer dies, or cannot know whether its
  commit happened, the marker runs out by itself. Markers are the fields of a hash, so that two changes of one user
  each have their own; to MGET a hash is nothing.
* A reader that finds nothing first puts a lease there, reads the database, and stores the record only if its lease
  still stands. So a record read before a change can never be stored after it.
"""

import logging
import secrets
from collections.abc import Callable, Iterable
from typing import Any

import orjson
from redis.exceptions import RedisError
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session

from flask_api.core import redis_keys
from flask_api.core.database import Base
from flask_api.core.response_shapes import to_json
from flask_api.extensions import redis

log = logging.getLogger(__name__)

RECORD_LIFETIME = 600  # seconds
LEASE_LIFETIME = 5
MARKER_LIFETIME = 60  # longer than any commit may take

STORE_UNDER_LEASE = """
if redis.call('TYPE', KEYS[1]).ok == 'string' and redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
end
"""
PUT_MARKER = """
if redis.call('TYPE', KEYS[1]).ok == 'string' then redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], ARGV[1], 1)
redis.call('EXPIRE', KEYS[1], ARGV[2])
"""
# A string in the marker's place means that Redis lost the marker meanwhile: what stands there may be from before.
TAKE_MARKER_AWAY = """
if redis.call('TYPE', KEYS[1]).ok == 'hash' then redis.call('HDEL', KEYS[1], ARGV[1])
else redis.call('DEL', KEYS[1]) end
"""

CHANGED = "solo_changed_callers"  # key of Session.info: ids of users that the open transaction changes

Record = dict[str, Any]
Load = Callable[[int], Record | None]
_loaders: list[tuple[Load, frozenset[str]]] = []


class Caller:
    """The user behind a request. Beside the fields below it has every field of the loaded record."""

    id: int
    role: str
    status: str
    token_generation: int

    def __init__(self, record: Record) -> None:
        self.__dict__.update(record)


def loader(fields: Iterable[str]) -> Callable[[Load], Load]:
    """Name the function that reads a user's record from the database, with these fields, ``Caller``'s among them."""

    def register(load: Load) -> Load:
        _loaders[:] = [(load, frozenset(fields))]
        return load

    return register


def resolve(user_id: int, kept: bytes | None) -> Caller | None:
    """Return the caller from what Redis kept under ``redis_keys.caller``, or else from the database."""
    load, fields = _loaders[0]
    if kept is not None and kept.startswith(b"{"):
        record = orjson.loads(kept)
        if record.keys() == fields:
            return Caller(record)
    # Where somebody's lease stands, or the record of a release with other fields, nothing is stored.
    record = _load_under_lease(user_id, load) if kept is None else load(user_id)
    return None if record is None else Caller(record)


def _load_under_lease(user_id: int, load: Load) -> Record | None:
    key, lease = redis_keys.caller(user_id), f"lease:{secrets.token_hex(8)}"
    mine = redis.set(key, lease, nx=True, ex=LEASE_LIFETIME)
    record = load(user_id)
    if mine and record is not None:
        redis.eval(STORE_UNDER_LEASE, 1, key, lease, to_json(record), RECORD_LIFETIME)
    return record


def mark_changes(session: Session) -> dict[int, str]:
    """Put markers for the users that the open transaction changes; called right before its commit.

    Raises:
        RedisError: Redis is away; the change must not be committed, or an old record could be served.
    """
    session.flush()
    markers = {user_id: f"marker:{secrets.token_hex(8)}" for user_id in session.info.pop(CHANGED, ())}
    for user_id, marker in markers.items():
        redis.eval(PUT_MARKER, 1, redis_keys.caller(user_id), marker, MARKER_LIFETIME)
    return markers


def take_away(markers: dict[int, str]) -> None:
    """Take the markers away, once it is known how the transaction has ended."""
    try:
        for user_id, marker in markers.items():
            redis.eval(TAKE_MARKER_AWAY, 1, redis_keys.caller(user_id), marker)
    except RedisError:
        log.warning("Redis is away: markers of changed users stay for up to %d s", MARKER_LIFETIME)


@event.listens_for(Session, "after_flush")
def _collect_changes(session: Session, _context: Any) -> None:
    _note(session, session.dirty)
    _note(session, session.deleted)
    _note(session, session.new)


def _note(session: Session, objects: Iterable[Any]) -> None:
    for changed in objects:
        user_id = getattr(changed, "caller_id", None)
        if user_id is not None:
            session.info.setdefault(CHANGED, set()).add(user_id)


@event.listens_for(Session, "do_orm_execute")
def _refuse_bulk_changes(state: ORMExecuteState) -> None:
    """A bulk UPDATE would pass by the markers."""
    if not (state.is_update or state.is_delete):
        return
    table = state.statement.table.name  # type: ignore[attr-defined]
    for mapper in Base.registry.mappers:
        if getattr(mapper.class_, "__tablename__", None) == table and hasattr(mapper.class_, "caller_id"):
            name = mapper.class_.__name__
            raise RuntimeError(f"change {name} as objects, so that its callers' records are renewed")
