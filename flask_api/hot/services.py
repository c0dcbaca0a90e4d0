"""Who is worth seeing now: the list."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import ColumnElement

from flask_api.core import personal_data
from flask_api.core.callers import Caller
from flask_api.core.pagination import DEFAULT_LIMIT, Page
from flask_api.core.transaction import after_commit
from flask_api.hot import scores
from flask_api.hot.feeding import HOT
from flask_api.people.cards import Card, born_between, cards_of
from flask_api.people.ranking import ranked_page
from flask_api.users.models import UserInfo

HOTTEST = "hot"  # names the list in its cursors
MOST = 20_000  # candidates: of those whom a viewer looks for few may be among the first thousands


@dataclass(frozen=True, slots=True)
class Hot:
    """Somebody on the list."""

    person: Card


def list_hot(viewer: Caller, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page:
    """Return whom much has happened to lately, of those whom the viewer looks for.

    While the list is being made anew, because Redis was emptied, it has what has happened since.

    Raises:
        BadCursor: see there.
    """
    conditions = [UserInfo.user_id != viewer.id, *_wishes(viewer)]

    def shown(ids: Sequence[int]) -> Sequence[tuple[int, Hot]]:
        found = cards_of(viewer.id, ids, *conditions)
        return [(place, Hot(found[user_id])) for place, user_id in enumerate(ids) if user_id in found]

    return ranked_page(HOTTEST, limit=limit, cursor=cursor, candidates=_candidates, shown=shown, most=MOST)


def _candidates(offset: int, count: int) -> Sequence[int]:
    found, is_there = scores.hottest(offset, count)
    if not is_there:
        HOT.found_missing()
    return found


def _wishes(viewer: Caller) -> list[ColumnElement[bool]]:
    """Return the conditions that somebody is whom the viewer looks for."""
    gender, youngest, eldest = (getattr(viewer, f"seeks_{wish}") for wish in ("gender", "age_min", "age_max"))
    of_gender = [] if gender is None else [UserInfo.gender == gender]
    return [*of_gender, *born_between(youngest, eldest)]


def _erase(user_id: int) -> None:
    after_commit(partial(scores.forget, user_id))


personal_data.register("hot", erase=_erase)
