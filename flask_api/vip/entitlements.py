"""What somebody may do beyond what everybody may: the one place that is asked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from flask_api.audit import services as audit
from flask_api.core import personal_data
from flask_api.core.database import now
from flask_api.core.errors import NotFound
from flask_api.core.transaction import rows, transactional
from flask_api.extensions import db
from flask_api.users.services import lock_user
from flask_api.vip.models import NAMES, Entitlement


class EntitlementUnknown(NotFound):
    status = "ENTITLEMENT_UNKNOWN"
    message = f"There is no such entitlement; there are: {', '.join(NAMES)}."


HELD = select(Entitlement.name, Entitlement.until).where(
    Entitlement.user_id == bindparam("user_id"), Entitlement.until > bindparam("at", type_=Entitlement.until.type)
)
ONE = HELD.where(Entitlement.name == bindparam("name"))
ALL = select(Entitlement.name, Entitlement.until).where(Entitlement.user_id == bindparam("user_id"))


def has(user_id: int, name: str) -> bool:
    """Whether somebody has an entitlement of ``NAMES`` now."""
    return bool(rows(ONE, user_id=user_id, name=name, at=now()))


def list_entitlements(user_id: int) -> Sequence[Any]:
    """Return the entitlements that somebody has now, with their ends, by name."""
    return rows(HELD.order_by(Entitlement.name), user_id=user_id, at=now())


@transactional
def set_entitlement(user_id: int, name: str, *, until: datetime) -> Entitlement:
    """Let somebody have an entitlement until then, whatever stood there; a moment that is past takes it away.

    Raises:
        UserNotFound, EntitlementUnknown.
    """
    if name not in NAMES:
        raise EntitlementUnknown
    lock_user(user_id)
    held = db.session.get(Entitlement, (user_id, name))
    if held is None:
        held = Entitlement(user_id=user_id, name=name, until=until)
        db.session.add(held)
    held.until = until
    audit.record("entitlement_set", user_id=user_id, entitlement=name, until=until.isoformat())
    return held


personal_data.register(
    "entitlements", export=lambda user_id: [dict(row._mapping) for row in rows(ALL, user_id=user_id)]
)
