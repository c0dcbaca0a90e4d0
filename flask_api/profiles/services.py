"""Other people's profiles: all that the viewer may learn of one person, on one page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, bindparam, exists, select

from flask_api.albums.services import photo_count
from flask_api.core.callers import Caller
from flask_api.core.transaction import rows
from flask_api.labels.services import labels_of
from flask_api.nearby.places import band_between
from flask_api.people.cards import activity, age_on
from flask_api.people.models import UserLike, UserMatch
from flask_api.people.sight import VIEWER, require_sight
from flask_api.visitors.visits import record_visit


@dataclass(frozen=True, slots=True)
class Profile:
    """Somebody, as he shows himself, and how the viewer stands to him."""

    info: Any  # the row of user_info
    age: int | None
    active: str
    labels: Sequence[Any]
    distance: str | None
    photo_count: int
    liked_by_me: bool
    is_match: bool


USER: ColumnElement[int] = bindparam("user_id")
LIKED = exists().where(UserLike.liker_id == VIEWER, UserLike.liked_id == USER)
MATCHED = exists().where(UserMatch.user_id == VIEWER, UserMatch.other_id == USER)
STANDING = select(LIKED.label("liked"), MATCHED.label("matched"))


def get_profile(viewer: Caller, user_id: int) -> Profile:
    """Return somebody's profile, which leaves a trace there; see :func:`flask_api.visitors.visits.record_visit`.

    Raises:
        UserNotFound: there is no such user, or none that the viewer may know of.
    """
    info = require_sight(viewer.id, user_id)
    record_visit(viewer, user_id)
    standing = rows(STANDING, viewer_id=viewer.id, user_id=user_id)[0]
    return Profile(
        info=info,
        age=age_on(info.birthday),
        active=activity(info.active_at),
        labels=labels_of(user_id),
        distance=band_between(viewer.id, user_id),
        photo_count=photo_count(user_id),
        liked_by_me=bool(standing.liked),
        is_match=bool(standing.matched),
    )
