"""What of a person others can point at, by kind and id: a photo, a post. Each feature says whose its own are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from flask_api.core.transaction import rows
from flask_api.users.models import UserInfo


@dataclass(frozen=True, slots=True)
class Subject:
    """What was pointed at, as it is now, for admins: whoever it hides from, and whatever its state."""

    title: str | None
    text: str
    image: str | None


Owner = Callable[[int], int | None]
Shown = Callable[[Sequence[int]], Mapping[int, Subject]]

_kinds: dict[str, tuple[Owner, Shown]] = {}


def register(kind: str, owner_of: Owner, shown: Shown) -> None:
    """Register a kind.

    Args:
        owner_of: returns whose it is; None: there is none that others see.
        shown: returns those of some ids that there are.
    """
    _kinds[kind] = (owner_of, shown)


def belongs_to(kind: str, subject_id: int, user_id: int) -> bool:
    """Whether there is such a thing, and it is theirs."""
    found = _kinds.get(kind)
    return found is not None and found[0](subject_id) == user_id


def shown(kind: str, ids: Sequence[int]) -> Mapping[int, Subject]:
    """Return what admins see of things of a kind; without those that are gone."""
    return _kinds[kind][1](ids) if kind in _kinds else {}


PROFILES = select(UserInfo.user_id, UserInfo.nickname, UserInfo.bio, UserInfo.avatar).where(
    UserInfo.user_id.in_(bindparam("ids", expanding=True))
)


def _profiles(ids: Sequence[int]) -> dict[int, Subject]:
    return {row.user_id: Subject(row.nickname, row.bio, row.avatar) for row in rows(PROFILES, ids=ids)}


register("profile", lambda user_id: user_id, _profiles)
