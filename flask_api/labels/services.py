"""Labels that people give themselves: picking them, and finding others by them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, insert, select
from sqlalchemy.exc import IntegrityError

from flask_api.core import personal_data
from flask_api.core.errors import InvalidField
from flask_api.core.pagination import DEFAULT_LIMIT, Page, newest_first, read_cursor
from flask_api.core.transaction import rows, transactional
from flask_api.extensions import db
from flask_api.labels.catalogue import LabelNotFound
from flask_api.labels.models import ANYBODY, Label, UserLabel
from flask_api.people.candidates import Query, last_of, scanned_page, shown_of
from flask_api.users.models import UserInfo
from flask_api.users.services import lock_user

MAX_LABELS = 10  # that somebody has

HELD = (
    select(Label.id, Label.name, Label.kind)
    .join_from(UserLabel, Label, Label.id == UserLabel.label_id)
    .where(UserLabel.user_id == bindparam("user_id"), Label.is_active)
    .order_by(Label.kind, Label.name)
)


def labels_of(user_id: int) -> Sequence[Any]:
    """Return somebody's labels (``id``, ``name``, ``kind``), by kind and name; whether one may see them is asked first,
    elsewhere."""
    return rows(HELD, user_id=user_id)


def pick_labels(user_id: int, *, label_ids: list[int]) -> Sequence[Any]:
    """Give oneself these labels in the place of those that one had, and return them.

    Raises:
        InvalidField: one of them is not in the catalogue, or not for people of this gender.
    """
    try:
        return _replace_labels(user_id, label_ids)
    except IntegrityError:  # an admin has just deleted one
        raise _not_for_you() from None


@transactional
def _replace_labels(user_id: int, label_ids: list[int]) -> Sequence[Any]:
    info = lock_user(user_id).info
    genders = [ANYBODY, info.gender or ANYBODY]
    pickable = select(Label.id).where(Label.id.in_(label_ids), Label.is_active, Label.gender.in_(genders))
    if set(db.session.scalars(pickable)) != set(label_ids):
        raise _not_for_you()
    db.session.execute(delete(UserLabel).where(UserLabel.user_id == user_id))
    if label_ids:
        db.session.execute(insert(UserLabel), [{"user_id": user_id, "label_id": label_id} for label_id in label_ids])
    return labels_of(user_id)


def _not_for_you() -> InvalidField:
    message = "must be ids of labels that there are for you"
    return InvalidField(f"label_ids {message}", field="label_ids", errors=[{"field": "label_ids", "message": message}])


def has_label(user_id: Any, label_id: str) -> ColumnElement[bool]:
    """Return the condition that somebody has a label that is in use.

    Args:
        user_id: a column.
        label_id: the name of the parameter that says which label.
    """
    wanted: ColumnElement[int] = bindparam(label_id)
    held = select(Label.id).join_from(UserLabel, Label, Label.id == UserLabel.label_id).where(Label.is_active)
    # Of an EXISTS MariaDB might make a join, and begin it with all who have the label.
    return held.where(UserLabel.user_id == user_id, UserLabel.label_id == wanted).scalar_subquery() == wanted


PEOPLE = "label_people"  # names the list in its cursors
LABEL = select(Label.id).where(Label.id == bindparam("label_id"), Label.is_active)
HOLDERS = (
    select(UserLabel.user_id, UserInfo.is_active, UserInfo.visibility)
    .outerjoin(UserInfo, UserInfo.user_id == UserLabel.user_id)
    .with_hint(UserLabel, "FORCE INDEX (ix_user_label_label_id_user_id)", "mysql")
    .where(UserLabel.label_id == bindparam("label_id"))
)


def _holders(after: list[Any] | None) -> tuple[Query, Query]:
    window = newest_first(HOLDERS, UserLabel.user_id, after=after)
    return shown_of(window, ["user_id"], lambda _: ()), last_of(window, ["user_id"])


FROM_THE_START, FROM_A_CURSOR = _holders(None), _holders([bindparam("last_id")])


def list_people(viewer_id: int, label_id: int, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page:
    """Return those with a label whom the viewer may know of, who came last first.

    Raises:
        LabelNotFound: there is none in use.
        BadCursor: the cursor is of another list.
    """
    after = None if cursor is None else read_cursor(PEOPLE, cursor, [int])
    if not rows(LABEL, label_id=label_id):
        raise LabelNotFound
    return scanned_page(
        PEOPLE,
        limit=limit,
        after=after,
        queries=lambda is_after: FROM_A_CURSOR if is_after else FROM_THE_START,
        position=lambda row: [row.user_id],
        parameters=lambda after: {"viewer_id": viewer_id, "label_id": label_id, "last_id": after and after[0]},
    )


def _export(user_id: int) -> list[dict[str, Any]]:
    return [{"name": label.name, "kind": label.kind} for label in labels_of(user_id)]


personal_data.register("labels", export=_export)
