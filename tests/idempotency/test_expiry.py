"""Rows of keys are deleted when their time is over: in batches, by an index, by as many processes as like."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, insert, select, text

from flask_api.core import idempotency_keys
from flask_api.core.database import now
from flask_api.core.idempotency_keys import BATCH, LIFETIME, IdempotencyKey, delete_expired
from flask_api.extensions import db
from flask_api.settings import Settings
from tests.clients import Client
from tests.conftest import start_app, stop_app
from tests.factories import Factory, at_once
from tests.jobs_run import run_jobs

SECOND = timedelta(seconds=1)


@pytest.fixture
def owner(make: Factory) -> Client:
    return make.user()


def add(make: Factory, owner: Client, created_at: datetime, count: int = 1) -> None:
    row = {"user_id": owner.user_id, "code": 201, "sealed": "", "created_at": created_at}
    rows = [{**row, "key": f"{created_at.timestamp()}-{number}"} for number in range(count)]
    make.execute(insert(IdempotencyKey).values(rows))


def left(make: Factory) -> int:
    return len(make.execute(select(IdempotencyKey.id)))


@pytest.fixture
def deletes(app: Flask) -> Iterator[list[Any]]:
    """The DELETEs that are sent."""
    seen: list[Any] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("DELETE"):
            seen.append(statement)

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
        yield seen
        event.remove(db.engine, "before_cursor_execute", note)


def test_what_is_over_goes_and_the_rest_stays(app: Flask, make: Factory, owner: Client) -> None:
    for age in (LIFETIME + SECOND, LIFETIME * 100):
        add(make, owner, now() - age)
    for age in (timedelta(), LIFETIME - 10 * SECOND):
        add(make, owner, now() - age)
    with app.app_context():
        assert [delete_expired(), delete_expired()] == [2, 0]
    assert left(make) == 2


def test_many_go_in_batches_even_of_one_moment(app: Flask, make: Factory, owner: Client, deletes: list[Any]) -> None:
    add(make, owner, now() - LIFETIME * 2, count=2 * BATCH)
    add(make, owner, now() - LIFETIME * 3, count=1)
    assert delete_expired() == 2 * BATCH + 1
    assert (len(deletes), left(make)) == (3, 0)


def test_several_processes_at_once_delete_each_row_once(
    app: Flask, settings: Settings, make: Factory, owner: Client
) -> None:
    add(make, owner, now() - LIFETIME * 2, count=BATCH + 100)
    second = start_app(settings)

    def sweep(own: Flask) -> int:
        with own.app_context():
            return delete_expired()

    assert sum(at_once([lambda own=own: sweep(own) for own in (app, second) * 2])) == BATCH + 100  # type: ignore[misc]
    assert left(make) == 0
    stop_app(second)


def test_a_row_renewed_since_it_was_looked_up_stays(app: Flask, make: Factory, owner: Client) -> None:
    add(make, owner, now())
    (row,) = make.execute(select(IdempotencyKey.id))
    with app.app_context():
        assert idempotency_keys._delete([row.id], now() - LIFETIME) == 0
    assert left(make) == 1


def test_the_old_are_found_by_the_index(app: Flask, make: Factory, owner: Client) -> None:
    add(make, owner, now(), count=BATCH)
    with app.app_context(), db.engine.connect() as connection:
        dialect = connection.dialect
        query = idempotency_keys.OLD.params(after=now() - LIFETIME * 9, before=now() - LIFETIME)
        shown = str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        plan = connection.execute(text(("EXPLAIN QUERY PLAN " if dialect.name == "sqlite" else "EXPLAIN ") + shown))
        assert "ix_idempotency_key_created_at" in str(plan.all())


def test_a_job_that_comes_round_deletes_them(app: Flask, make: Factory, owner: Client) -> None:
    add(make, owner, now() - LIFETIME - SECOND)
    with app.app_context():
        idempotency_keys.delete_expired_answers()
    assert run_jobs(app) == 1
    assert left(make) == 0
