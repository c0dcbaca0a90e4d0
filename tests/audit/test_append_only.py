"""Entries are added, and never changed or deleted by this program."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Table, delete, select, update

from flask_api.audit.models import AuditEntry
from flask_api.audit.services import record
from flask_api.core.transaction import rows, transactional
from flask_api.extensions import db
from tests.audit.conftest import Entries
from tests.clients import failure
from tests.factories import Factory

TABLE: Table = AuditEntry.__table__  # type: ignore[assignment]


def change_object() -> None:
    db.session.scalars(select(AuditEntry)).one().action = "login"


def delete_object() -> None:
    db.session.delete(db.session.scalars(select(AuditEntry)).one())


def run(statement: Any) -> Callable[[], None]:
    return lambda: db.session.execute(statement) and None


def run_on_connection(statement: Any) -> Callable[[], None]:
    return lambda: db.session.connection().execute(statement) and None


WAYS: dict[str, Callable[[], None]] = {
    "object changed": change_object,
    "object deleted": delete_object,
    "bulk update": run(update(AuditEntry).values(action="login")),
    "bulk delete": run(delete(AuditEntry).where(AuditEntry.id > 0)),
    "update of the table": run(update(TABLE).values(action="login")),
    "delete from the table": run_on_connection(delete(TABLE)),
    "update by another name": run(update(TABLE.alias()).values(action="login")),
    "many updates": lambda: db.session.bulk_update_mappings(AuditEntry, [{"id": 1, "action": "login"}]),  # type: ignore[arg-type]
    "outside a session": lambda: rows(update(TABLE).values(action="login")) and None,
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_change_of_an_entry_is_refused(way: Callable[[], None], app: Flask, new_entries: Entries) -> None:
    @transactional
    def change() -> None:
        way()

    with app.app_context():
        record("user_banned", user_id=1)
        with pytest.raises(RuntimeError, match="append-only"):
            change()
    assert [entry.action for entry in new_entries()] == ["user_banned"]


def test_change_past_all_sessions_is_refused(make: Factory, app: Flask, new_entries: Entries) -> None:
    with app.app_context():
        record("user_banned", user_id=1)
    for statement in (update(TABLE).values(action="login"), delete(TABLE)):
        with pytest.raises(RuntimeError, match="append-only"):
            make.execute(statement)
    assert [entry.action for entry in new_entries()] == ["user_banned"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_no_endpoint_changes_entries(method: str, make: Factory) -> None:
    admin = make.admin()
    assert failure(admin.call(method, "/admin/audit", json={})) == (405, "METHOD_NOT_ALLOWED")
    assert failure(admin.call(method, "/admin/audit/1", json={}))[0] == 404
