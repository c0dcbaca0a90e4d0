"""Up to where somebody has looked at a list."""

from flask_api.core.transaction import transactional
from flask_api.extensions import db
from flask_api.people.links import Column, Links
from flask_api.people.models import UserSeen
from flask_api.users.services import lock_user


@transactional
def mark_seen(user_id: int, links: Links, seen: Column) -> None:
    """Note that somebody has seen all there is in a list of his.

    Args:
        seen: the column of ``UserSeen`` that keeps it.
    """
    newest = links.newest(user_id)
    lock_user(user_id)  # two at once must not both add the row
    row = db.session.get(UserSeen, user_id)
    if row is None:
        row = UserSeen(user_id=user_id, visitor_id=0, like_id=0, match_id=0)
        db.session.add(row)
    setattr(row, seen.key, max(newest, getattr(row, seen.key)))
