"""When people were last here, as lists order them by it, and whether they are here at all.

A login, and a request whose caller has to be read from the database anyway (every ten minutes of use: core/callers.py),
notes its user in Redis; a job brings the notes to the database, many at a time. So a moment lags by minutes.
"""

from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain

from sqlalchemy import bindparam, func, select, update

from flask_api.core import redis_keys
from flask_api.core.auth import ACTIVE
from flask_api.core.jobs import background, scheduled
from flask_api.core.redis_trips import Script
from flask_api.core.transaction import rows, transactional
from flask_api.extensions import db, redis, redis_trips
from flask_api.users.models import STATUSES, UserAuth, UserInfo
from flask_api.users.services import UserNotFound, lock_user

BATCH = 500
STRIDE = 2000  # people, of all there are

# Core's own UPDATE: no caller's record holds the moment, and the row is not changed in its owner's sense.
NOTE = update(UserInfo.__table__).values(active_at=bindparam("moment"), updated_at=UserInfo.updated_at)  # type: ignore[arg-type]
NOTE = NOTE.where(UserInfo.user_id == bindparam("of_user"), UserInfo.active_at < bindparam("moment"))

# Who was noted again meanwhile stays.
TAKE_AWAY = Script("""
for place = 1, #ARGV, 2 do
  local second = redis.call('ZSCORE', KEYS[1], ARGV[place])
  if second and tonumber(second) == tonumber(ARGV[place + 1]) then redis.call('ZREM', KEYS[1], ARGV[place]) end
end
""")


@scheduled(every=60)
@background
def store_activity() -> None:
    """Bring what Redis has noted to the database."""
    while _store_some():
        pass


def _store_some() -> bool:
    """Store one batch; return whether there may be more."""
    noted: list[tuple[bytes, float]] = redis.zrange(redis_keys.active(), 0, BATCH - 1, withscores=True)
    if noted:
        _update({int(user_id): datetime.fromtimestamp(second, UTC) for user_id, second in noted})
        redis_trips.ask(TAKE_AWAY.call([redis_keys.active()], *chain(*noted)), scripts=(TAKE_AWAY,))
    return len(noted) == BATCH


@transactional
def _update(moments: dict[int, datetime]) -> None:
    # In the order of ids, so that two of these cannot wait for each other.
    told = [{"of_user": user_id, "moment": moments[user_id]} for user_id in sorted(moments)]
    db.session.connection().execute(NOTE, told)


LEFT = select(UserAuth.id).join(UserInfo, UserInfo.user_id == UserAuth.id)
LEFT = LEFT.where(UserAuth.status == bindparam("status"), UserAuth.id > bindparam("after"), UserInfo.is_active)
LEFT = LEFT.order_by(UserAuth.id).limit(BATCH)

FROM_HERE = select(UserInfo.user_id, UserInfo.is_active).where(UserInfo.user_id > bindparam("after"))
SOME = FROM_HERE.order_by(UserInfo.user_id).limit(bindparam("count")).subquery("some")
BACK = select(UserAuth.id).join_from(SOME, UserAuth, UserAuth.id == SOME.c.user_id)
BACK = BACK.where(SOME.c.is_active.is_(False), UserAuth.status == ACTIVE)
END = select(func.max(SOME.c.user_id).label("last"))


@scheduled(every=600)
@background
def hide_who_left() -> None:
    """Hide accounts that the release before has banned, or let go: it does not know what a profile says of them."""
    for status in STATUSES:
        after = 0
        while status != ACTIVE and (found := [row.id for row in rows(LEFT, status=status, after=after)]):
            for after in found:
                _mend(after)


@scheduled(every=86400)
@background
def show_who_came_back() -> None:
    """Show accounts again that the release before has let in again; some people at a time, all of them in the end."""
    after: int | None = 0
    while after is not None:
        for row in rows(BACK, after=after, count=STRIDE):
            _mend(row.id)
        after = rows(END, after=after, count=STRIDE)[0].last


@transactional
def _mend(user_id: int) -> None:
    with suppress(UserNotFound):
        user = lock_user(user_id)
        user.info.is_active = user.status == ACTIVE
