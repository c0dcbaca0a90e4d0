"""Hosts whose clocks differ: who has a job, and until when, is by the database's clock alone."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from flask_api.core import database, job_rows, schedules
from flask_api.core.database import now
from flask_api.core.job_rows import Job, Schedule
from flask_api.core.job_runner import JobRunner
from tests.factories import Factory
from tests.jobs import some_jobs

Notes = Callable[[], list[str]]
LEASE = 30.0


@contextmanager
def host(*, ahead: timedelta) -> Iterator[None]:
    """Be on a host whose clock is that much ahead."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + ahead

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "datetime", Clock)
        yield


def ask_for(make: Factory, text: str) -> int:
    with make.app.app_context():
        some_jobs.noted(text=text)
    return int(make.execute(select(Job.id).order_by(Job.id.desc()))[0][0])


@pytest.mark.parametrize("hours", [-1, 1])
def test_job_that_runs_on_one_host_is_not_run_by_one_whose_clock_differs_by_an_hour(
    app: Flask, make: Factory, notes: Notes, hours: int
) -> None:
    job_id = ask_for(make, "a")
    elsewhere = timedelta(hours=hours)
    with app.app_context():
        with host(ahead=-elsewhere):
            row = job_rows.find(job_id)
            assert job_rows.claim(row, LEASE), "due at once, whatever the clock of who stored it"
        with host(ahead=elsewhere):
            assert job_rows.due_ids(10) == []
            assert not JobRunner(LEASE).run(job_id)
            assert not job_rows.claim(job_rows.find(job_id), LEASE)
        with host(ahead=-elsewhere):
            assert job_rows.renew(job_id, 1, LEASE)
        with host(ahead=elsewhere):
            assert not JobRunner(LEASE).run(job_id)
        ((due_at,),) = make.execute(select(Job.due_at))
        assert LEASE - 5 < (due_at - now()).total_seconds() <= LEASE + 1
        assert job_rows.renew(job_id, 1, -1), "its worker dies, and a lease goes by"
        with host(ahead=-elsewhere):
            assert JobRunner(LEASE).run(job_id)
    assert notes() == ["begin a", "end a"]


@pytest.mark.parametrize("hours", [-1, 1])
def test_job_of_a_host_whose_clock_differs_is_due_at_once(app: Flask, make: Factory, notes: Notes, hours: int) -> None:
    with host(ahead=timedelta(hours=hours)):
        job_id = ask_for(make, "a")
    with app.app_context():
        assert JobRunner(LEASE).run(job_id)
    assert notes() == ["begin a", "end a"]


def test_schedule_comes_round_once_for_hosts_whose_clocks_differ_by_two_hours(app: Flask, make: Factory) -> None:
    name = some_jobs.coming_round.name  # each hour
    with app.app_context():
        schedules.move()
        make.execute(update(Schedule).values(next_at=now() + timedelta(days=1)))
        make.execute(update(Schedule).where(Schedule.name == name).values(next_at=now() - timedelta(seconds=1)))
        for hours in (0, 2, 1, 2):
            with host(ahead=timedelta(hours=hours)):
                schedules.move()
    assert make.execute(select(Job.name)) == [(name,)]


@pytest.mark.parametrize("reason", ["OperationalError", "it is not ours any more"])
def test_lease_that_is_not_renewed_is_told_of_with_its_job_and_keeps_no_other_from_it(
    app: Flask, make: Factory, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    lost, kept = ask_for(make, "a"), ask_for(make, "b")
    runner = JobRunner(LEASE)
    renew, renewed = job_rows.renew, []

    def fail_for_one(job_id: int, attempt: int, lease: float) -> bool:
        if job_id == lost and reason == "OperationalError":
            raise OperationalError("", {}, Exception("gone away"))
        renewed.append(job_id)
        return renew(job_id, attempt, lease)

    monkeypatch.setattr(job_rows, "renew", fail_for_one)
    with app.app_context():
        for job_id in (lost, kept):
            assert job_rows.claim(job_rows.find(job_id), LEASE)
            runner._running[job_id] = 1
        make.execute(update(Job).where(Job.id == lost).values(attempts=2))  # somebody else has it
        runner.renew_leases()
    assert kept in renewed
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings == [f"the lease of job {lost} was not renewed: {reason}"]
