"""The list of entries: who reads it, pages, filters, and what it costs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, insert, text

from flask_api.audit.models import AuditEntry
from flask_api.extensions import db
from tests.clients import Client, data, failure
from tests.factories import Factory
from tests.services import mariadb

START = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS = {"address": "203.0.113.7", "request_id": "r", "details": {}}


@pytest.fixture
def admin(make: Factory) -> Client:
    return make.admin()


def add(make: Factory, *entries: dict[str, Any]) -> None:
    """Add entries, by default of the user 7, one a minute."""
    told = [
        {"at": START + timedelta(minutes=number), "action": "login", "actor_id": 7, "subject_kind": "user"}
        | {"subject_id": 7, **COLUMNS, **entry}
        for number, entry in enumerate(entries)
    ]
    with make.app.app_context(), db.engine.begin() as connection:
        connection.execute(insert(AuditEntry), told)


def page(admin: Client, **query: object) -> dict[str, Any]:
    return dict(data(admin.get("/admin/audit", query_string=query)))


def walk(admin: Client, **query: object) -> list[int]:
    """All ids of a list, page by page."""
    found: list[int] = []
    cursor = None
    while True:
        answer = page(admin, **query, **({"cursor": cursor} if cursor else {}))
        found += [entry["id"] for entry in answer["items"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            return found


def test_only_admins_read_it(make: Factory, client: Client) -> None:
    assert failure(client.get("/admin/audit")) == (401, "TOKEN_MISSING")
    assert failure(make.user().get("/admin/audit")) == (403, "ROLE_MISSING")
    assert make.admin().get("/admin/audit").status_code == 200


def test_entry_has_these_fields_and_no_other(make: Factory, admin: Client) -> None:
    user = make.user()
    admin.put(
        f"/admin/users/{user.user_id}/ban",
        headers={"X-Request-ID": "my-request.1"},
        environ_base={"REMOTE_ADDR": "2001:db8::7"},
    )
    entry = page(admin, limit=1)["items"][0]
    assert abs(datetime.fromisoformat(entry.pop("at")) - datetime.now(UTC)) < timedelta(minutes=1)
    assert entry.pop("id") > 0
    assert entry == {
        "action": "user_banned",
        "actor_id": admin.user_id,
        "subject_kind": "user",
        "subject_id": user.user_id,
        "address": "2001:db8::7",
        "request_id": "my-request.1",
        "details": {},
    }


def test_pages_show_all_once_newest_first_also_those_of_one_moment(make: Factory, admin: Client) -> None:
    moments = [3, 1, 2, 2, 2, 5]  # several hosts' clocks do not agree with the ids
    add(make, *({"at": START + timedelta(seconds=seconds)} for seconds in moments))
    first = page(admin, actor_id=7, limit=100)["items"][0]["id"] - 5
    for limit in (1, 2, 3, 6, 7, 100):
        assert walk(admin, actor_id=7, limit=limit) == [first + place for place in (5, 0, 4, 3, 2, 1)]


def test_what_happens_meanwhile_shifts_no_page(make: Factory, admin: Client) -> None:
    add(make, *[{}] * 4)
    ids = walk(admin, actor_id=7)
    first = page(admin, limit=2, actor_id=7)
    add(make, {"at": START + timedelta(hours=1)})
    second = page(admin, limit=2, actor_id=7, cursor=first["next_cursor"])
    assert [entry["id"] for entry in first["items"] + second["items"]] == ids
    assert second["next_cursor"] is None


def test_filters_choose_by_action_actor_subject_and_time(make: Factory, admin: Client) -> None:
    add(
        make,
        {"action": "login_failed", "actor_id": None},
        {"action": "login_failed", "actor_id": None, "subject_id": None},
        {"action": "app_key_disabled", "subject_kind": "app_key"},
        {"actor_id": 8, "action": "user_banned"},
        {"subject_id": 8, "actor_id": 8},
    )
    known, unknown, key, ban, other = walk(admin, until="2026-02-01T00:00:00Z")[::-1]
    assert walk(admin, action="login_failed") == [unknown, known]
    assert walk(admin, user_id=7) == [ban, known]
    assert walk(admin, app_key_id=7) == [key]
    assert walk(admin, actor_id=8) == [other, ban]
    assert walk(admin, actor_id=8, user_id=7, action="user_banned") == [ban]
    assert walk(admin, user_id=7, app_key_id=7) == []
    assert walk(admin, since="2026-01-01T00:02:00Z", until="2026-01-01T00:04:00Z") == [ban, key]
    assert walk(admin, since="2026-01-01T08:04:00+08:00", until="2026-01-02T00:00:00Z") == [other]
    assert walk(admin, user_id=7, since="2026-01-01T00:00:00.000001Z", limit=1) == [ban]
    assert walk(admin, until="0001-01-01T00:00:00Z") == []
    assert walk(admin, actor_id=8, since="0001-01-01T00:00:00Z", until="9999-12-31T23:59:59Z") == [other, ban]


BAD_FILTERS = [
    *[{"action": value} for value in ("", "LOGIN", "logins", "login ")],
    *[{name: value} for name in ("actor_id", "user_id", "app_key_id") for value in ("0", "-1", "x", str(2**63))],
    *[{"since": value} for value in ("", "2026-01-01", "yesterday", "2026-13-01T00:00:00Z")],
    {"until": "2026-01-01T00:00:00"},
    {"subject_id": "1"},
]


def test_bad_filter_is_400_and_named(admin: Client) -> None:
    for query in BAD_FILTERS:
        answer = admin.get("/admin/audit", query_string=query)
        assert failure(answer) == (400, "INVALID_FIELD"), query
        assert answer.get_json()["field"] in query


def test_cursor_of_another_list_is_400(make: Factory, admin: Client) -> None:
    make.user()
    cursor = data(admin.get("/admin/users?limit=1"))["next_cursor"]
    assert failure(admin.get("/admin/audit", query_string={"cursor": cursor})) == (400, "BAD_CURSOR")


QUERIES = [
    {},
    {"action": "login"},
    {"actor_id": 7},
    {"user_id": 7},
    {"app_key_id": 7},
    {"since": "2026-01-01T00:00:00Z", "until": "2026-01-01T12:00:00Z"},
    {"action": "user_banned", "until": "2026-01-02T00:00:00Z"},
    {"actor_id": 7, "since": "2026-01-01T12:00:00Z"},
    {"user_id": 7, "until": "2026-01-01T12:00:00Z"},
    {"user_id": 7, "actor_id": 7, "action": "login"},
]


@pytest.fixture
def statements(app: Flask) -> Iterator[list[tuple[str, Any]]]:
    """The SELECTs from the table, with their parameters."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if "FROM audit_entry" in statement:
            seen.append((statement, parameters))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def ask_for_two_pages(admin: Client, statements: list[tuple[str, Any]], first: int) -> list[tuple[str, Any]]:
    """Return what the database is asked for the first page of each query, and for a small one after it."""
    for query in QUERIES:
        cursor = page(admin, limit=first, **query)["next_cursor"]
        if cursor:
            page(admin, limit=5, cursor=cursor, **query)
    return [*statements]


@pytest.mark.skipif(mariadb.running_url() is not None, reason="of SQLite")
def test_sqlite_answers_every_filter_in_the_order_of_an_index(
    make: Factory, admin: Client, statements: list[tuple[str, Any]]
) -> None:
    add(make, *[{}] * 12, *[{"action": "user_banned"}] * 12)
    for statement, parameters in ask_for_two_pages(admin, statements, first=5):
        with make.app.app_context(), db.engine.connect() as connection:
            plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
        assert len(plan) == 1, (statement, plan)  # no sorting
        assert "USING INDEX ix_audit_entry_" in plan[0], statement


@pytest.mark.mariadb
@pytest.mark.skipif(mariadb.running_url() is None, reason="no MariaDB: run by make test-all")
def test_mariadb_reads_no_more_rows_than_a_page_wherever_it_begins(
    make: Factory, admin: Client, statements: list[tuple[str, Any]]
) -> None:
    others = [{"actor_id": 100 + n % 50, "subject_id": 100 + n % 50} for n in range(2000)]
    bans = [{"action": "user_banned", "actor_id": 9, "subject_id": 100 + n % 50} for n in range(500)]
    keys = [{"action": "app_key_rotated", "actor_id": 9, "subject_kind": "app_key"} for _ in range(500)]
    add(make, *others, *[{}] * 500, *bans, *keys)
    with make.app.app_context(), db.engine.connect() as connection:
        connection.execute(text("ANALYZE TABLE audit_entry")).all()
        for statement, parameters in ask_for_two_pages(admin, statements, first=100):
            connection.execute(text("FLUSH STATUS"))
            connection.exec_driver_sql(statement, parameters).all()
            counted = connection.execute(text("SHOW SESSION STATUS LIKE 'Handler_read%'")).all()
            cost, shown = sum(int(value) for _, value in counted), parameters["param_1"]
            assert cost <= shown + 5, (statement, parameters)
