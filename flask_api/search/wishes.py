"""Whom somebody looks for: what the hot list follows, and those who ask for people that look for somebody like them."""

from flask_api.core.callers import Caller
from flask_api.core.transaction import transactional
from flask_api.extensions import db
from flask_api.people.cards import check_range
from flask_api.users.services import load_caller, lock_user


@transactional
def change_wishes(user_id: int, *, gender: str | None, age_min: int | None, age_max: int | None) -> Caller:
    """Change whom one looks for; None is anybody.

    Raises:
        InvalidField: the ages are the wrong way round.
    """
    check_range("age", age_min, age_max)
    info = lock_user(user_id).info
    info.seeks_gender, info.seeks_age_min, info.seeks_age_max = gender, age_min, age_max
    db.session.flush()
    record = load_caller(user_id)
    assert record is not None
    return Caller(record)
