"""Calling a function that runs in the background: what is stored, when it runs, and how often."""

import json
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, g
from sqlalchemy import select, update

from flask_api.core import job_rows, jobs
from flask_api.core.database import now
from flask_api.core.encryption import decrypt
from flask_api.core.job_rows import Job
from flask_api.core.job_runner import JobRunner
from flask_api.core.logs import JsonLines
from flask_api.core.transaction import transactional
from flask_api.extensions import db
from tests.factories import Factory
from tests.jobs import some_jobs
from tests.jobs_run import run_jobs

Notes = Callable[[], list[str]]


def stored(make: Factory) -> Any:
    return make.execute(select(Job.__table__).order_by(Job.id))


def make_all_due(make: Factory) -> None:
    make.execute(update(Job).values(due_at=now() - timedelta(seconds=1)))


def test_called_function_runs_later_once(app: Flask, make: Factory, notes: Notes) -> None:
    with app.app_context():
        some_jobs.noted(text="a")
        assert notes() == []
    assert run_jobs(app) == 1
    assert notes() == ["begin a", "end a"]
    assert (run_jobs(app), stored(make)) == (0, [])


def test_function_runs_at_once_by_now(app: Flask, make: Factory, notes: Notes) -> None:
    with app.app_context():
        some_jobs.noted.now(text="a")
    assert (notes(), stored(make)) == (["begin a", "end a"], [])


def test_job_is_gone_with_the_transaction_that_asked_for_it(app: Flask, make: Factory) -> None:
    @transactional
    def service(fails: bool) -> None:
        some_jobs.noted(text="a")
        if fails:
            raise LookupError

    with app.app_context(), pytest.raises(LookupError):
        service(True)
    assert stored(make) == []
    with app.app_context():
        service(False)
    assert len(stored(make)) == 1


@pytest.mark.parametrize(
    "call",
    [
        some_jobs.noted,
        lambda: some_jobs.noted(text="a", other=1),  # type: ignore[call-arg]
        lambda: some_jobs.noted("a"),  # type: ignore[call-arg]
        lambda: some_jobs.noted(text=b"a"),  # type: ignore[arg-type]
        lambda: some_jobs.noted(text="a", seconds=float("nan")),
        lambda: some_jobs.failing(password="p", told=(1, 2)),
        lambda: some_jobs.failing(password="p", told={1: 2}),
    ],
)
def test_arguments_that_do_not_fit_fail_the_call(app: Flask, make: Factory, call: Callable[[], None]) -> None:
    with app.app_context(), pytest.raises(TypeError):
        call()
    assert stored(make) == []


def test_arguments_are_stored_encrypted(app: Flask, make: Factory) -> None:
    with app.app_context():
        some_jobs.failing(password="correct horse")
        (row,) = stored(make)
        assert "horse" not in row.arguments
        assert json.loads(decrypt(row.arguments)) == {"password": "correct horse"}


def test_job_knows_the_request_that_asked_for_it(
    app: Flask, notes: Notes, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    formatted: list[dict[str, Any]] = []
    as_json = JsonLines()
    monkeypatch.setattr(caplog.handler, "emit", lambda record: formatted.append(json.loads(as_json.format(record))))
    with app.test_request_context():
        g.request_id = "abc-1"
        some_jobs.with_request_id()
    run_jobs(app)
    assert notes() == ["request abc-1"]
    (line,) = [line for line in formatted if line["logger"] == "flask_api.jobs"]
    assert (line["request_id"], line["attempt"], line["outcome"]) == ("abc-1", 1, "done")
    assert line["job"].endswith("some_jobs.with_request_id")


def test_failed_job_is_tried_again_later_and_in_the_end_dead(app: Flask, make: Factory, notes: Notes) -> None:
    with app.app_context():
        some_jobs.failing(password="p")
    run_jobs(app)
    (row,) = stored(make)
    assert timedelta(seconds=4) < row.due_at - now() < timedelta(seconds=7)
    assert (row.attempts, row.died_at, row.last_error) == (1, None, "ValueError: not today")
    assert run_jobs(app) == 0
    make_all_due(make)
    assert run_jobs(app) == 1
    (row,) = stored(make)
    assert (row.attempts, row.died_at is None) == (2, False)
    make_all_due(make)
    assert (run_jobs(app), notes()) == (0, ["failed", "failed"])


def test_delays_grow_to_an_hour(app: Flask, make: Factory) -> None:
    with app.app_context():
        some_jobs.noted(text="a")
        (row,) = stored(make)
        delays = []
        for attempt in range(1, 10):
            make.execute(update(Job).values(attempts=attempt, due_at=now()))
            job_rows.fail(row.id, attempt, "late")
            delays.append((stored(make)[0].due_at - now()).total_seconds())
    assert delays[0] < delays[1] < delays[2] < delays[3] < delays[4] < delays[5]
    assert all(3599 < delay <= 4500 for delay in delays[5:])


def test_job_that_its_worker_leaves_is_due_again_and_has_not_failed(app: Flask, make: Factory) -> None:
    with app.app_context():
        some_jobs.leaving()
    with pytest.raises(SystemExit):
        run_jobs(app)
    (row,) = stored(make)
    assert (row.attempts, row.due_at <= now(), row.last_error) == (1, True, None)


def test_claimed_job_is_nobody_elses_until_its_lease_ends(app: Flask, make: Factory, notes: Notes) -> None:
    with app.app_context():
        some_jobs.noted(text="a")
        row = job_rows.find(stored(make)[0].id)
        assert job_rows.claim(row, 30)
        assert not job_rows.claim(row, 30)
        assert not JobRunner(30).run(row.id)
        assert job_rows.renew(row.id, 1, -1)  # as if its worker had died a lease ago
        assert not job_rows.renew(row.id, 2, 30)
        assert JobRunner(30).run(row.id)
    assert notes() == ["begin a", "end a"]


def test_job_whose_worker_dies_each_time_is_dead_in_the_end(app: Flask, make: Factory, notes: Notes) -> None:
    with app.app_context():
        some_jobs.failing(password="p")
    make.execute(update(Job).values(attempts=2))
    assert run_jobs(app) == 0
    (row,) = stored(make)
    assert (row.died_at is None, row.last_error, notes()) == (False, "its worker died each time", [])


def test_job_of_a_newer_release_is_put_off_and_not_failed(app: Flask, make: Factory) -> None:
    with app.app_context():
        some_jobs.noted(text="a")
    make.execute(update(Job).values(name="chat.services.invented_tomorrow"))
    assert run_jobs(app) == 0
    (row,) = stored(make)
    assert (row.attempts, row.died_at) == (0, None)
    assert row.due_at > now()


def test_job_that_no_release_knows_is_dead_after_a_week(
    app: Flask, make: Factory, caplog: pytest.LogCaptureFixture
) -> None:
    with app.app_context():
        some_jobs.noted(text="a")
    make.execute(update(Job).values(name="chat.services.removed"))
    for days, is_dead in ((6.9, False), (7.1, True)):
        make.execute(update(Job).values(created_at=now() - timedelta(days=days)))
        make_all_due(make)
        assert run_jobs(app) == 0
        (row,) = stored(make)
        assert (row.died_at is not None) == is_dead
    assert row.last_error == "no release has known a job of this name for 7 days"
    assert "job chat.services.removed: no release knows it, it is given up" in caplog.text
    assert run_jobs(app) == 0

    with app.app_context():
        assert job_rows.requeue([row.id]) == 1
    assert run_jobs(app) == 0
    (row,) = stored(make)
    assert row.died_at is None, "its days begin anew: the release that knows it may be on its way"


def test_jobs_do_not_run_inside_a_transaction(app: Flask) -> None:
    with app.app_context(), pytest.raises(RuntimeError):
        transactional(jobs.run_due)()


def test_dead_jobs_are_deleted_after_a_month(app: Flask, make: Factory) -> None:
    with app.app_context():
        some_jobs.noted(text="old")
        some_jobs.noted(text="young")
        old, young = stored(make)
        make.execute(update(Job).values(died_at=now() - timedelta(days=29)))
        make.execute(update(Job).where(Job.id == old.id).values(died_at=now() - timedelta(days=31)))
        assert job_rows.delete_old_dead() == 1
        assert [row.id for row in stored(make)] == [young.id]
        db.session.rollback()
