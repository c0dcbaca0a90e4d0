"""What of a person others can point at, by kind and id: a photo, a post. Each feature says whose its own are."""

from collections.abc import Callable

_owners: dict[str, Callable[[int], int | None]] = {}


def register(kind: str, owner_of: Callable[[int], int | None]) -> None:
    """Register a kind; ``owner_of`` returns whose it is, None: there is none that others see."""
    _owners[kind] = owner_of


def belongs_to(kind: str, subject_id: int, user_id: int) -> bool:
    """Whether there is such a thing, and it is theirs."""
    owner_of = _owners.get(kind)
    return owner_of is not None and owner_of(subject_id) == user_id


register("profile", lambda user_id: user_id)
