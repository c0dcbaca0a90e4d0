"""What each feature keeps of a person: how to hand it out, and how to erase it.

A feature registers once, where its services live; export and deletion of accounts then include it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class PersonalData:
    """A feature's part: ``export`` returns JSON-ready data; ``erase`` runs in the transaction that deletes a user."""

    name: str
    export: Callable[[int], Any]
    erase: Callable[[int], None] | None


_parts: dict[str, PersonalData] = {}


def register(name: str, *, export: Callable[[int], Any], erase: Callable[[int], None] | None = None) -> None:
    """Register a feature's part. Rows that fall with the user's row (ON DELETE CASCADE) need no ``erase``."""
    _parts[name] = PersonalData(name, export, erase)


def export_all(user_id: int) -> dict[str, Any]:
    """Return everything that is kept of a user, by feature."""
    return {part.name: part.export(user_id) for part in _parts.values()}


def erase_all(user_id: int) -> None:
    """Erase what would not fall with the user's row."""
    for part in _parts.values():
        if part.erase is not None:
            part.erase(user_id)
