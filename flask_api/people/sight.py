"""Who may know of whom: the one predicate, which every list, page and action about other people goes through.

Somebody sees an active account that neither of the two has blocked, if its profile is for everyone, or for the people
its owner likes and he is one of them. Everybody sees himself.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, or_, select
from sqlalchemy.orm import aliased

from flask_api.core.errors import BadRequest
from flask_api.core.transaction import rows
from flask_api.people.models import UserBlock, UserLike
from flask_api.users.models import UserInfo
from flask_api.users.services import UserNotFound

Query = Select[*tuple[Any, ...]]

# Under names of their own: a query may read these tables itself.
Liking, Blocking = aliased(UserLike), aliased(UserBlock)


class NotYourself(BadRequest):
    status = "NOT_YOURSELF"
    message = "This is for other people; the id is your own."


def seen_by(viewer_id: int | ColumnElement[int] | None, person: Any = UserInfo) -> ColumnElement[bool]:
    """Return the condition that the viewer may know of the person in this row.

    Args:
        viewer_id: None is somebody who is not logged in.
        person: ``UserInfo``, an alias of it, or what has its columns ``user_id``, ``is_active`` and ``visibility``.
    """
    if viewer_id is None:
        return and_(person.is_active, person.visibility == "everyone")
    likes_viewer = exists().where(Liking.liker_id == person.user_id, Liking.liked_id == viewer_id)
    is_open = or_(person.visibility == "everyone", and_(person.visibility == "liked", likes_viewer))
    return or_(person.user_id == viewer_id, and_(person.is_active, is_open, ~blocked(viewer_id, person.user_id)))


def blocked(viewer_id: int | ColumnElement[int], person_id: Any) -> ColumnElement[bool]:
    """Return the condition that one of the two has blocked the other."""
    return or_(
        exists().where(Blocking.blocker_id == viewer_id, Blocking.blocked_id == person_id),
        exists().where(Blocking.blocker_id == person_id, Blocking.blocked_id == viewer_id),
    )


VIEWER: ColumnElement[int] = bindparam("viewer_id")
ONE = select(UserInfo.__table__).where(UserInfo.user_id == bindparam("user_id"), seen_by(VIEWER))


def require_sight(viewer_id: int, user_id: int) -> Any:
    """Return somebody's row of ``user_info``.

    Raises:
        UserNotFound: there is no such user, or none that the viewer may know of; nothing tells which.
    """
    found = rows(ONE, viewer_id=viewer_id, user_id=user_id)
    if not found:
        raise UserNotFound
    return found[0]


def require_other(viewer_id: int, user_id: int) -> Any:
    """Return the row of ``user_info`` of somebody else.

    Raises:
        NotYourself: it is the viewer.
        UserNotFound: see :func:`require_sight`.
    """
    if viewer_id == user_id:
        raise NotYourself
    return require_sight(viewer_id, user_id)
