"""Blocks: the rules."""

from typing import Any

from sqlalchemy import and_, bindparam, delete, exists, select
from sqlalchemy.exc import IntegrityError

from flask_api.core import personal_data
from flask_api.core.errors import NotFound, TooManyRequests
from flask_api.core.pagination import DEFAULT_LIMIT, Page, make_page, newest_first, read_cursor
from flask_api.core.rate_limits import Limit, budget_of, give_back, take
from flask_api.core.transaction import rows, transactional
from flask_api.extensions import db, settings
from flask_api.people.matches import end_match
from flask_api.people.models import UserBlock, UserLike
from flask_api.people.sight import Blocking, require_other, seen_by
from flask_api.setting_kinds import Quota
from flask_api.users.models import UserInfo
from flask_api.users.services import UserNotFound

BLOCKS = "blocks"  # names the list in its cursors
# Who blocks people and looks which of his counts fall learns who was counted.
BLOCKS_PER_USER = Limit("blocks", "a user", lambda _: Quota(50, 86400))


class BlockNotFound(NotFound):
    status = "BLOCK_NOT_FOUND"
    message = "You have not blocked this person."


class TooManyBlocks(TooManyRequests):
    status = "TOO_MANY_BLOCKS"
    message = "You have blocked as many people as one may in a day."


MINE = select(UserBlock.id).where(
    UserBlock.blocker_id == bindparam("blocker_id"), UserBlock.blocked_id == bindparam("blocked_id")
)
# My own block hides nothing from my list of them; all else that hides somebody does, but for the id.
OTHERWISE_SEEN = and_(
    UserInfo.user_id == UserBlock.blocked_id,
    seen_by(None),
    ~exists().where(Blocking.blocker_id == UserInfo.user_id, Blocking.blocked_id == bindparam("user_id")),
)
LISTED = select(UserBlock.id, UserBlock.blocked_id, UserBlock.created_at, UserInfo.nickname, UserInfo.avatar)
LISTED = LISTED.outerjoin(UserInfo, OTHERWISE_SEEN)
EQUAL: dict[Any, object] = {UserBlock.blocker_id: bindparam("user_id")}
FIRST = newest_first(LISTED, UserBlock.id, equal=EQUAL).limit(bindparam("limit"))
FOLLOWING = newest_first(LISTED, UserBlock.id, equal=EQUAL, after=[bindparam("before")]).limit(bindparam("limit"))


def has_blocked(user_id: int, other_id: int) -> bool:
    """Whether somebody has blocked somebody; not whether it is so the other way round."""
    return bool(rows(MINE, blocker_id=user_id, blocked_id=other_id))


def block(user_id: int, other_id: int) -> None:
    """Block somebody: neither sees the other, and their likes and their match are gone. Blocked already: nothing.

    Raises:
        NotYourself, UserNotFound.
        TooManyBlocks: I have blocked too many people today; blocks that were lifted count.
    """
    if has_blocked(user_id, other_id):
        return
    try:
        require_other(user_id, other_id)
    except UserNotFound:
        if has_blocked(user_id, other_id):  # by the same request, a moment earlier
            return
        raise
    budget = budget_of([BLOCKS_PER_USER], settings)
    if budget is not None and (wait := take(budget, str(user_id))):
        raise TooManyBlocks(retry_after=wait)
    try:
        _block(user_id, other_id)
    except IntegrityError:
        if budget is not None:
            give_back(budget, str(user_id))
        if not has_blocked(user_id, other_id):  # else by the same request, a moment earlier
            raise UserNotFound from None


@transactional
def _block(user_id: int, other_id: int) -> None:
    """Write the block first, and then wait for likes that are being written: see likes/services.py."""
    db.session.add(UserBlock(blocker_id=user_id, blocked_id=other_id))
    db.session.flush()
    for liker_id, liked_id in sorted([(user_id, other_id), (other_id, user_id)]):
        likes = delete(UserLike).where(UserLike.liker_id == liker_id, UserLike.liked_id == liked_id)
        db.session.execute(likes.execution_options(synchronize_session=False))
    end_match(user_id, other_id)


@transactional
def unblock(user_id: int, other_id: int) -> None:
    """Lift a block of mine.

    Raises:
        BlockNotFound: there is none.
    """
    mine = delete(UserBlock).where(UserBlock.blocker_id == user_id, UserBlock.blocked_id == other_id)
    if not db.session.execute(mine.execution_options(synchronize_session=False)).rowcount:  # type: ignore[attr-defined]
        raise BlockNotFound


def list_blocks(user_id: int, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page:
    """Return whom I have blocked, newest first; of those who are hidden from me anyhow, only the id."""
    if cursor is None:
        found = rows(FIRST, user_id=user_id, limit=limit + 1)
    else:
        before = read_cursor(BLOCKS, cursor, [int])[0]
        found = rows(FOLLOWING, user_id=user_id, limit=limit + 1, before=before)
    return make_page(BLOCKS, found, limit, lambda row: [row.id])


EXPORT = select(UserBlock.blocked_id.label("user_id"), UserBlock.created_at).order_by(UserBlock.id)
EXPORT = EXPORT.where(UserBlock.blocker_id == bindparam("user_id"))
personal_data.register(
    "blocks",
    export=lambda user_id: [dict(row._mapping) for row in rows(EXPORT, user_id=user_id)],
    many=(UserBlock.blocker_id, UserBlock.blocked_id),
)
