"""People as lists show them: cards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, select

from flask_api.core.database import now
from flask_api.core.errors import InvalidField
from flask_api.core.transaction import rows
from flask_api.people.sight import VIEWER, seen_by
from flask_api.users.models import UserInfo

ACTIVE = ("today", "this_week", "earlier")  # as near as anybody is told


@dataclass(frozen=True, slots=True)
class Card:
    """Somebody, in short."""

    id: int
    nickname: str
    gender: str | None
    age: int | None
    avatar: str | None
    height_cm: int | None
    education: str | None
    active: str


COLUMNS = (
    UserInfo.user_id,
    UserInfo.nickname,
    UserInfo.gender,
    UserInfo.birthday,
    UserInfo.avatar,
    UserInfo.height_cm,
    UserInfo.education,
    UserInfo.active_at,
)
CARDS = select(*COLUMNS).where(UserInfo.user_id.in_(bindparam("ids", expanding=True)), seen_by(VIEWER))


def cards_of(viewer_id: int, ids: Sequence[int], *conditions: ColumnElement[bool]) -> dict[int, Card]:
    """Return, by their ids and in the order of ``ids``, the cards of those whom the viewer may know of.

    Args:
        ids: a page of them, or a few; not without bound.
        conditions: of columns of ``UserInfo``, on top.
    """
    if not ids:
        return {}
    found = rows(CARDS.where(*conditions) if conditions else CARDS, viewer_id=viewer_id, ids=list(ids))
    by_id = {row.user_id: row for row in found}
    return {user_id: card_of(by_id[user_id]) for user_id in ids if user_id in by_id}


def card_of(row: Any) -> Card:
    """Return the card of a row that has ``COLUMNS``."""
    return Card(
        row.user_id, row.nickname, row.gender, age_on(row.birthday), row.avatar, row.height_cm, row.education,
        activity(row.active_at),
    )  # fmt: skip


def activity(active_at: datetime) -> str:
    """Return when somebody was last here, as near as anybody is told."""
    passed = now() - active_at
    return ACTIVE[0] if passed < timedelta(days=1) else ACTIVE[1] if passed < timedelta(days=7) else ACTIVE[2]


def age_on(birthday: date | None, today: date | None = None) -> int | None:
    """Return somebody's age in whole years (UTC)."""
    if birthday is None:
        return None
    today = today or now().date()
    return today.year - birthday.year - ((today.month, today.day) < (birthday.month, birthday.day))


def born_between(
    age_min: int | None, age_max: int | None, column: Any = UserInfo.birthday
) -> list[ColumnElement[bool]]:
    """Return the conditions on a birthday that somebody is of such an age, both ends included."""
    today, conditions = now().date(), []
    if age_min is not None:
        conditions.append(column <= years_before(today, age_min))
    if age_max is not None:
        conditions.append(column > years_before(today, age_max + 1))
    return conditions


def years_before(day: date, years: int) -> date:
    """Return the last birthday of those who are that many years old on a day."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February: whoever was born on it comes of age on 1 March
        return day.replace(year=day.year - years, day=28)


def check_range(name: str, least: int | None, most: int | None) -> None:
    """Refuse a range that holds nothing.

    Raises:
        InvalidField: its end comes before its beginning.
    """
    if least is not None and most is not None and least > most:
        field, message = f"{name}_min", f"must not be above {name}_max"
        raise InvalidField(f"{field} {message}", field=field, errors=[{"field": field, "message": message}])
