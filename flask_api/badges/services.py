"""Badges: what is new since somebody looked last, in one question to the database."""

from typing import Any

from sqlalchemy import select

from flask_api.core.transaction import rows
from flask_api.likes.services import MATCHES, RECEIVED
from flask_api.people.models import UserSeen
from flask_api.visitors.services import VISITS

BADGES = select(
    VISITS.unread(UserSeen.visitor_id).label("visitors"),
    RECEIVED.unread(UserSeen.like_id).label("likes"),
    MATCHES.unread(UserSeen.match_id).label("matches"),
)


def get_badges(user_id: int) -> Any:
    """Return how many visitors, likes and matches somebody has not seen; 999 stands for more as well."""
    return rows(BADGES, viewer_id=user_id)[0]
