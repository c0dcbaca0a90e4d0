"""Likes and matches: the rules.

A like that is taken back and given again within a day is the one it was: it has the same row id, so whoever has seen it
is not told again, and it does not warm anybody twice.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy import ColumnElement, bindparam, delete, exists, select
from sqlalchemy.exc import IntegrityError

from flask_api.core import personal_data, redis_keys
from flask_api.core.errors import TooManyRequests
from flask_api.core.pagination import DEFAULT_LIMIT, Page
from flask_api.core.rate_limits import Limit, budget_of, give_back, take
from flask_api.core.transaction import rows, transactional
from flask_api.extensions import db, redis_trips, settings
from flask_api.hot import scores
from flask_api.people.cards import Card, card_of
from flask_api.people.links import Links
from flask_api.people.matches import end_match, make_match, match_ids
from flask_api.people.models import UserBlock, UserLike, UserMatch, UserSeen
from flask_api.people.sight import require_other, seen_by
from flask_api.people.unread import mark_seen
from flask_api.users.models import UserInfo
from flask_api.users.services import UserNotFound
from flask_api.vip import entitlements

log = logging.getLogger(__name__)

FORMER_SECONDS = 86400  # for which a like that was taken back is not forgotten

LIKES_PER_USER = Limit("likes", "a user", lambda values: values.limit_likes_per_user)
WHO_LIKES_ME = "likes_received"  # the entitlement

GIVEN = Links("likes", UserLike.id, UserLike.liker_id, UserLike.liked_id, UserLike.created_at)
RECEIVED = Links("likes received", UserLike.id, UserLike.liked_id, UserLike.liker_id, UserLike.created_at)
MATCHES = Links("matches", UserMatch.id, UserMatch.user_id, UserMatch.other_id, UserMatch.created_at)


class TooManyLikes(TooManyRequests):
    status = "TOO_MANY_LIKES"
    message = "You have liked as many people as one may in a day."


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands to somebody else."""

    liked: bool
    is_match: bool


@dataclass(frozen=True, slots=True)
class Linked:
    """Somebody in a list of likes or matches, and since when."""

    person: Card
    created_at: Any


@dataclass(frozen=True, slots=True)
class Received:
    """A like that somebody got; ``person`` is None to whom may not know."""

    person: Card | None
    day: date


@dataclass(frozen=True, slots=True)
class ReceivedPage:
    count: int
    shows_who: bool
    items: Sequence[Any]
    next_cursor: str | None


def _likes(liker_id: Any, liked_id: Any) -> ColumnElement[bool]:
    return exists().where(UserLike.liker_id == liker_id, UserLike.liked_id == liked_id)


ME: ColumnElement[int] = bindparam("me")
OTHER: ColumnElement[int] = bindparam("other")
STANDING = select(
    _likes(ME, OTHER).label("liked"),
    exists().where(UserMatch.user_id == ME, UserMatch.other_id == OTHER).label("is_match"),
)
MY_LIKE = select(UserLike.id).where(UserLike.liker_id == ME, UserLike.liked_id == OTHER)
# These wait for whoever is writing such a row: see _like. Each asks for one row by a unique index.
THEIR_LIKE = select(UserLike.id).where(UserLike.liker_id == OTHER, UserLike.liked_id == ME).with_for_update(read=True)
MY_BLOCK = select(UserBlock.id).where(UserBlock.blocker_id == ME, UserBlock.blocked_id == OTHER)
THEIR_BLOCK = select(UserBlock.id).where(UserBlock.blocker_id == OTHER, UserBlock.blocked_id == ME)
BLOCKS = (MY_BLOCK.with_for_update(read=True), THEIR_BLOCK.with_for_update(read=True))


def standing(user_id: int, other_id: int) -> Standing:
    """Return whether somebody likes somebody else, and whether they are a match."""
    found = rows(STANDING, me=user_id, other=other_id)[0]
    return Standing(bool(found.liked), bool(found.is_match))


def like(user_id: int, other_id: int) -> Standing:
    """Like somebody; it is a match if he likes me too. Liked already: nothing happens.

    Raises:
        NotYourself, UserNotFound.
        TooManyLikes: I have liked too many people today.
    """
    require_other(user_id, other_id)
    if (present := standing(user_id, other_id)).liked:
        return present
    budget = budget_of([LIKES_PER_USER], settings)
    if budget is not None and (wait := take(budget, str(user_id))):
        raise TooManyLikes(retry_after=wait)
    try:
        return _like(user_id, other_id, _former(user_id, other_id))
    except (IntegrityError, UserNotFound) as error:
        if budget is not None:
            give_back(budget, str(user_id))
        if (present := standing(user_id, other_id)).liked:  # the same request, a moment earlier
            return present
        raise UserNotFound from error


@transactional
def _like(user_id: int, other_id: int, former: Sequence[int]) -> Standing:
    """Write mine first, then look for theirs, and wait for what is being written there.

    So of two people who like each other at once one sees the other's like, as of a like and a block at once one sees
    the other. Where each waits for the other MySQL undoes one, and it runs again.
    """
    db.session.add(UserLike(id=former[0] if former else None, liker_id=user_id, liked_id=other_id))
    db.session.flush()
    if any(rows(block, me=user_id, other=other_id) for block in BLOCKS):
        raise UserNotFound
    is_match = bool(rows(THEIR_LIKE, me=user_id, other=other_id))
    if is_match:
        make_match(user_id, other_id, former[1:])
    if not former:
        scores.note(other_id, scores.LIKE)
    return Standing(True, is_match)


def unlike(user_id: int, other_id: int) -> None:
    """Take a like back, and the match that came of it.

    Where there is none nothing tells so: whoever has blocked me has deleted it, and is not to be told from others.
    """
    if mine := rows(MY_LIKE, me=user_id, other=other_id):
        _remember(user_id, other_id, [mine[0].id, *match_ids(user_id, other_id)])
        _unlike(user_id, other_id)


@transactional
def _unlike(user_id: int, other_id: int) -> None:
    mine = delete(UserLike).where(UserLike.liker_id == user_id, UserLike.liked_id == other_id)
    db.session.execute(mine.execution_options(synchronize_session=False))
    end_match(user_id, other_id)


def _remember(user_id: int, other_id: int, ids: Sequence[int]) -> None:
    """Keep the ids of rows that will be deleted; before they are, so that no like can come in between."""
    kept = ("SET", redis_keys.former_like(user_id, other_id), ",".join(map(str, ids)), "EX", FORMER_SECONDS)
    try:
        redis_trips.ask(kept)
    except RedisError as error:
        log.warning("Redis is away: if user %d likes user %d again, it counts as new: %s", user_id, other_id, error)


def _former(user_id: int, other_id: int) -> list[int]:
    """Return the ids of the like that was taken back, and of its match; none: there was none, or Redis is away."""
    try:
        kept = redis_trips.ask(("GET", redis_keys.former_like(user_id, other_id)))[0]
    except RedisError:
        return []
    return [int(row_id) for row_id in kept.split(b",")] if kept else []


def list_likes(user_id: int, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page:
    """Return the people I like, newest first."""
    return GIVEN.page(user_id, _linked, limit=limit, cursor=cursor)


def list_matches(user_id: int, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page:
    """Return my matches, newest first."""
    return MATCHES.page(user_id, _linked, limit=limit, cursor=cursor)


def list_likes_received(user_id: int, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> ReceivedPage:
    """Return the likes that I got, newest first; who it was only to whom has the entitlement."""
    shows_who = entitlements.has(user_id, WHO_LIKES_ME)

    def show(row: Any) -> Received:
        return Received(card_of(row) if shows_who else None, row.created_at.date())

    page = RECEIVED.page(user_id, show, limit=limit, cursor=cursor)
    return ReceivedPage(RECEIVED.count(user_id), shows_who, page.items, page.next_cursor)


def _linked(row: Any) -> Linked:
    return Linked(card_of(row), row.created_at)


def mark_likes_seen(user_id: int) -> None:
    """Note that I have seen the likes that I got so far."""
    mark_seen(user_id, RECEIVED, UserSeen.like_id)


def mark_matches_seen(user_id: int) -> None:
    """Note that I have seen my matches so far."""
    mark_seen(user_id, MATCHES, UserSeen.match_id)


# What I did; who likes me is theirs to tell. Of people that I may not know of now, nothing.
EXPORT = select(UserLike.liked_id.label("user_id"), UserLike.created_at).order_by(UserLike.id)
EXPORT = EXPORT.join(UserInfo, UserInfo.user_id == UserLike.liked_id)
EXPORT = EXPORT.where(UserLike.liker_id == ME, seen_by(ME))
personal_data.register(
    "likes",
    export=lambda user_id: [dict(row._mapping) for row in rows(EXPORT, me=user_id)],
    many=(UserLike.liker_id, UserLike.liked_id, UserMatch.user_id, UserMatch.other_id),
)
