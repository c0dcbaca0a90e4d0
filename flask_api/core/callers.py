"""Who is calling: what is kept of each user in Redis beside the token, and why it is never stale.

A request needs the token and the user; both come in one MGET. The user's record is a copy of what the database says,
and a copy must never outlive a committed change, whichever process made it and whichever of them dies half-way:

* A change puts a marker in the record's place *before* it commits (holding the row's lock) and takes it away after.
  While the marker stands, readers go to the database and keep nothing. If the writer dies, the marker runs out.
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
from flask_api.core.response_shapes import to_json
from flask_api.extensions import redis

log = logging.getLogger(__name__)

RECORD_LIFETIME = 600  # seconds
LEASE_LIFETIME = 5
MARKER_LIFETIME = 60  # longer than any commit may take

REPLACE_IF_SAME = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
  if ARGV[2] == '' then return redis.call('DEL', KEYS[1]) end
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
end
return 0
"""

CHANGED = "solo_changed_callers"  # key of Session.info: ids of users that the open transaction changes

Record = dict[str, Any]
_loaders: list[Callable[[int], Record | None]] = []


class Caller:
    """The user behind a request. Beside the fields below it has every field of the loaded record."""

    id: int
    role: str
    status: str
    token_generation: int

    def __init__(self, record: Record) -> None:
        self.__dict__.update(record)


def loader(load: Callable[[int], Record | None]) -> Callable[[int], Record | None]:
    """Name the function that reads a user's record (JSON-ready, with ``Caller``'s fields) from the database."""
    _loaders[:] = [load]
    return load


def resolve(user_id: int, kept: bytes | None) -> Caller | None:
    """Return the caller from what Redis kept under ``redis_keys.caller``, or else from the database."""
    if kept is not None and kept.startswith(b"{"):
        return Caller(orjson.loads(kept))
    # Where a marker or somebody's lease stands, only the database knows, and nothing is stored.
    record = _load_under_lease(user_id) if kept is None else _loaders[0](user_id)
    return None if record is None else Caller(record)


def _load_under_lease(user_id: int) -> Record | None:
    key, lease = redis_keys.caller(user_id), f"lease:{secrets.token_hex(8)}"
    mine = redis.set(key, lease, nx=True, ex=LEASE_LIFETIME)
    record = _loaders[0](user_id)
    if mine and record is not None:
        redis.eval(REPLACE_IF_SAME, 1, key, lease, to_json(record), RECORD_LIFETIME)
    return record


def mark_changes(session: Session) -> dict[int, str]:
    """Put markers for the users that the open transaction changes; called right before its commit.

    Raises:
        RedisError: Redis is away; the change must not be committed, or an old record could be served.
    """
    session.flush()
    markers = {user_id: f"marker:{secrets.token_hex(8)}" for user_id in session.info.pop(CHANGED, ())}
    for user_id, marker in markers.items():
        redis.set(redis_keys.caller(user_id), marker, ex=MARKER_LIFETIME)
    return markers


def take_away(markers: dict[int, str]) -> None:
    """Take the markers away after the transaction has ended, either way."""
    try:
        for user_id, marker in markers.items():
            redis.eval(REPLACE_IF_SAME, 1, redis_keys.caller(user_id), marker, "", 0)
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
    if (state.is_update or state.is_delete) and state.bind_mapper is not None:
        target = state.bind_mapper.class_
        if hasattr(target, "caller_id"):
            raise RuntimeError(f"change {target.__name__} as objects, so that its callers' records are renewed")
