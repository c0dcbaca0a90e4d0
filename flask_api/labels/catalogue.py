"""The catalogue of labels, which admins look after."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, exists, func, select
from sqlalchemy.exc import IntegrityError

from flask_api.core.errors import Conflict, NotFound
from flask_api.core.transaction import lock, rows, transactional
from flask_api.extensions import db
from flask_api.labels.models import ANYBODY, Label, UserLabel

MAX_LABELS = 500  # in the catalogue

LABELS = select(Label.__table__).order_by(Label.kind, Label.name, Label.id).limit(MAX_LABELS)
IN_USE = LABELS.where(Label.is_active)
FOR_GENDER = IN_USE.where(Label.gender.in_([ANYBODY, bindparam("gender")]))


class LabelNotFound(NotFound):
    status = "LABEL_NOT_FOUND"
    message = "There is no such label."


class LabelTaken(Conflict):
    status = "LABEL_TAKEN"
    message = "There is a label of this name and kind for these people."


class LabelHeld(Conflict):
    status = "LABEL_HELD"
    message = "Somebody has this label; take it out of use instead (is_active: false)."


class TooManyLabels(Conflict):
    status = "TOO_MANY_LABELS"
    message = "There are as many labels as there may be."


def list_labels(*, gender: str | None = None) -> Sequence[Any]:
    """Return the labels in use, by kind and name: all, or those that people of a gender may pick."""
    return rows(IN_USE) if gender is None else rows(FOR_GENDER, gender=gender)


def list_all_labels() -> Sequence[Any]:
    """Return all labels, those out of use as well; there are never more than ``MAX_LABELS``."""
    return rows(LABELS)


def create_label(**columns: Any) -> Label:
    """Add a label.

    Raises:
        LabelTaken: there is one of that name.
        TooManyLabels: there are ``MAX_LABELS`` already.
    """
    try:
        return _add_label(**columns)
    except IntegrityError:
        raise LabelTaken(field="name") from None


@transactional
def _add_label(**columns: Any) -> Label:
    if (db.session.scalar(select(func.count(Label.id))) or 0) >= MAX_LABELS:
        raise TooManyLabels
    label = Label(**columns)
    db.session.add(label)
    db.session.flush()
    return label


def change_label(label_id: int, **changes: Any) -> Label:
    """Change a label for everybody who has it.

    Raises:
        LabelNotFound, LabelTaken.
    """
    try:
        return _change_label(label_id, **changes)
    except IntegrityError:
        raise LabelTaken(field="name") from None


@transactional
def _change_label(label_id: int, **changes: Any) -> Label:
    label = _lock_label(label_id)
    for name, value in changes.items():
        setattr(label, name, value)
    return label


@transactional
def delete_label(label_id: int) -> None:
    """Delete a label that nobody has.

    Raises:
        LabelNotFound, LabelHeld.
    """
    label = _lock_label(label_id)
    if db.session.scalar(select(exists().where(UserLabel.label_id == label_id))):
        raise LabelHeld
    db.session.delete(label)


def _lock_label(label_id: int) -> Label:
    label = lock(Label, label_id)
    if label is None:
        raise LabelNotFound
    return label
