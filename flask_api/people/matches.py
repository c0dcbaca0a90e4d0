"""Matches: two rows each, one for either side, made and taken away together."""

from collections.abc import Sequence

from sqlalchemy import delete, select

from flask_api.core.transaction import rows
from flask_api.extensions import db
from flask_api.people.models import UserMatch


def make_match(one_id: int, other_id: int, former: Sequence[int] = ()) -> None:
    """Add the match of two people to the open transaction.

    Args:
        former: the ids of the rows of one that has ended, which come back: who has seen it has seen it.
    """
    for place, (user_id, whom) in enumerate(_sides(one_id, other_id)):
        db.session.add(UserMatch(id=former[place] if former else None, user_id=user_id, other_id=whom))
    db.session.flush()


def match_ids(one_id: int, other_id: int) -> list[int]:
    """Return the ids of both rows of a match, in the order in which they are made; none: there is none."""
    found = [
        row.id
        for user_id, whom in _sides(one_id, other_id)
        for row in rows(select(UserMatch.id).where(UserMatch.user_id == user_id, UserMatch.other_id == whom))
    ]
    return found if len(found) == 2 else []


def end_match(one_id: int, other_id: int) -> None:
    """Take away the match of two people, if they have one."""
    for user_id, whom in _sides(one_id, other_id):
        side = delete(UserMatch).where(UserMatch.user_id == user_id, UserMatch.other_id == whom)
        db.session.execute(side.execution_options(synchronize_session=False))


def _sides(one_id: int, other_id: int) -> list[tuple[int, int]]:
    """Return both sides in one order, so that no two transactions wait for each other."""
    return sorted([(one_id, other_id), (other_id, one_id)])
