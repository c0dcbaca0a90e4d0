"""What each feature keeps of a person: how to hand it out, and how to erase it.

A feature registers once, where its services live; export and deletion of accounts then include it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import InstrumentedAttribute

from flask_api.core.transaction import transactional
from flask_api.extensions import db

BATCH = 1000


@dataclass(frozen=True, slots=True)
class PersonalData:
    """A feature's part: ``export`` returns JSON-ready data; ``erase`` runs in the transaction that deletes a user;
    ``files`` names a user's files, and for each its key in the storage; ``many`` are columns with the user's id, of
    tables that may have more rows of a user than one statement should delete."""

    name: str
    export: Callable[[int], Any] | None
    erase: Callable[[int], None] | None
    files: Callable[[int], Iterable[tuple[str, str]]] | None
    many: tuple[InstrumentedAttribute[int], ...]


_parts: dict[str, PersonalData] = {}


def register(
    name: str,
    *,
    export: Callable[[int], Any] | None = None,
    erase: Callable[[int], None] | None = None,
    files: Callable[[int], Iterable[tuple[str, str]]] | None = None,
    many: tuple[InstrumentedAttribute[int], ...] = (),
) -> None:
    """Register a feature's part.

    What is made of other parts needs no ``export``; rows that fall with the user's (ON DELETE CASCADE) no ``erase``.
    """
    _parts[name] = PersonalData(name, export, erase, files, many)


def export_all(user_id: int) -> dict[str, Any]:
    """Return everything that is kept of a user, by feature."""
    return {part.name: part.export(user_id) for part in _parts.values() if part.export is not None}


def files_of(user_id: int) -> Iterator[tuple[str, str]]:
    """Yield the name of each file of a user, with the feature's in front, and its key in the storage."""
    for part in _parts.values():
        if part.files is not None:
            yield from ((f"{part.name}/{name}", key) for name, key in part.files(user_id))


def erase_many(user_id: int) -> None:
    """Delete the rows of which a user may have many, so many in a transaction; they are gone before the user is.

    Else a single statement would delete them all with the user's row, and lock them, for longer than one may take.
    """
    for part in _parts.values():
        for column in part.many:
            while _delete_some(column, user_id) == BATCH:
                pass


@transactional
def _delete_some(column: InstrumentedAttribute[int], user_id: int) -> int:
    table = column.class_
    ids = db.session.scalars(select(table.id).where(column == user_id).limit(BATCH)).all()
    if ids:
        rows = delete(table).where(table.id.in_(ids))
        db.session.execute(rows, execution_options={"synchronize_session": False})
    return len(ids)


def erase_all(user_id: int) -> None:
    """Erase what would not fall with the user's row."""
    for part in _parts.values():
        if part.erase is not None:
            part.erase(user_id)
