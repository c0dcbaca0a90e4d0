"""Matches: two rows each, one for either side, made and taken away together."""

from sqlalchemy import delete

from flask_api.extensions import db
from flask_api.people.models import UserMatch


def make_match(one_id: int, other_id: int) -> None:
    """Add the match of two people to the open transaction."""
    for user_id, whom in _sides(one_id, other_id):
        db.session.add(UserMatch(user_id=user_id, other_id=whom))
    db.session.flush()


def end_match(one_id: int, other_id: int) -> None:
    """Take away the match of two people, if they have one."""
    for user_id, whom in _sides(one_id, other_id):
        rows = delete(UserMatch).where(UserMatch.user_id == user_id, UserMatch.other_id == whom)
        db.session.execute(rows.execution_options(synchronize_session=False))


def _sides(one_id: int, other_id: int) -> list[tuple[int, int]]:
    """Return both sides in one order, so that no two transactions wait for each other."""
    return sorted([(one_id, other_id), (other_id, one_id)])
