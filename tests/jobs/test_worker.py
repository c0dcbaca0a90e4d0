"""The worker: jobs run as they come, once for all workers; killed, frozen and restarted parts lose none."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update

from flask_api.core import job_queue, job_rows, schedules
from flask_api.core.database import now
from flask_api.core.job_rows import Job, Schedule
from flask_api.extensions import db
from flask_api.server.job_worker import FEW, JobWorker, running_jobs
from flask_api.settings import Settings
from tests.conftest import start_app, stop_app
from tests.deploy.load import wait_until
from tests.factories import Factory, at_once
from tests.jobs import some_jobs
from tests.jobs.worker import WorkerProcess
from tests.services.redis_server import RedisServer

Notes = Callable[[], list[str]]
TIMEOUT = 0.2  # seconds


@dataclass
class Site:
    """An app, and a Redis of its own that may be killed."""

    app: Flask
    redis: RedisServer
    settings: Settings


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    with RedisServer() as redis:
        own = settings.model_copy(update={"redis_url": redis.url(), "redis_timeout": TIMEOUT, "job_lease": 0.6})
        app = start_app(own)
        yield Site(app, redis, own)
        stop_app(app)


def ask_for(app: Flask, *texts: str, seconds: float = 0) -> None:
    with app.app_context():
        for text in texts:
            some_jobs.noted(text=text, seconds=seconds)


def left(make: Factory) -> int:
    return int(make.execute(select(func.count()).select_from(Job))[0][0])


def test_stored_job_runs_without_the_relay(
    app: Flask, make: Factory, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobWorker, "_relay", lambda _: None)
    with running_jobs(app, 5):
        ask_for(app, "a")
        wait_until(lambda: "end a" in notes(), "it ran")
        wait_until(lambda: left(make) == 0, "it is done")


def test_two_workers_run_each_job_once(app: Flask, make: Factory, notes: Notes) -> None:
    names = [str(number) for number in range(30)]
    with running_jobs(app, 5), running_jobs(app, 5):
        ask_for(app, *names)
        wait_until(lambda: left(make) == 0, "all are done")
    assert sorted(notes()) == sorted([f"begin {name}" for name in names] + [f"end {name}" for name in names])


def test_worker_that_ends_lets_a_job_end(app: Flask, make: Factory, notes: Notes) -> None:
    with running_jobs(app, 5):
        ask_for(app, "a", seconds=0.5)
        wait_until(lambda: notes() == ["begin a"], "it began")
    assert (notes(), left(make)) == (["begin a", "end a"], 0)


@pytest.mark.long
def test_worker_that_ends_gives_a_long_job_back(app: Flask, make: Factory, notes: Notes) -> None:
    with running_jobs(app, 0.1):
        ask_for(app, "a", seconds=2)
        wait_until(lambda: notes() == ["begin a"], "it began")
    ((due_at,),) = make.execute(select(Job.due_at))
    assert due_at <= now()
    wait_until(lambda: left(make) == 0, "the thread, which only a process's end would end, is through")


@pytest.mark.long
def test_long_job_is_not_run_by_others_while_its_worker_lives(site: Site, make: Factory, notes: Notes) -> None:
    with running_jobs(site.app, 5), running_jobs(site.app, 5):
        ask_for(site.app, "a", seconds=1.8)  # the lease is 0.6 s
        wait_until(lambda: "end a" in notes(), "it ended")
    assert notes() == ["begin a", "end a"]


def test_jobs_of_a_killed_worker_run_again(site: Site, make: Factory, notes: Notes) -> None:
    ask_for(site.app, "a", "b", "c", "d", "e", "f", seconds=0.5)
    with WorkerProcess(site.settings, SOLO_JOB_LEASE="0.6") as worker:
        wait_until(lambda: len(notes()) == 4, "four have begun")
        worker.kill()
        assert left(make) == 6
    with running_jobs(site.app, 5):
        wait_until(lambda: left(make) == 0, "all are done")
    assert {line for line in notes() if line.startswith("end")} == {f"end {name}" for name in "abcdef"}


@pytest.mark.long
def test_jobs_outlive_a_redis_that_forgets(site: Site, make: Factory, notes: Notes) -> None:
    ask_for(site.app, "a")
    site.redis.kill()
    began = time.monotonic()
    ask_for(site.app, "b", "c")
    assert time.monotonic() - began < 5
    with running_jobs(site.app, 5):
        time.sleep(0.5)
        site.redis.start()  # empty
        wait_until(lambda: left(make) == 0, "all are done")
    assert len(notes()) == 6


def test_frozen_redis_costs_a_request_one_timeout(site: Site) -> None:
    ask_for(site.app, "a")
    asked = [str(number) for number in range(30)]
    site.redis.freeze()
    try:
        began = time.monotonic()
        ask_for(site.app, *asked)
        assert time.monotonic() - began < len(asked) / 4 * TIMEOUT
    finally:
        site.redis.thaw()


def test_relay_sends_what_is_late_unless_the_workers_have_enough_to_do(app: Flask, make: Factory) -> None:
    ask_for(app, "a")
    make.execute(update(Job).values(due_at=now() - timedelta(seconds=2)))
    worker = JobWorker(app)
    with app.app_context():
        waiting = job_queue.queue()
        for number in range(FEW - 1):
            waiting.send(10**6 + number)
        worker._relay()
        assert waiting.length() == FEW
        worker._relay()
        assert waiting.length() == FEW
        waiting.client.flushdb()
        worker._relay()
        assert waiting.length() == 1


@pytest.mark.parametrize(
    "query",
    [
        job_rows.DUE.params(since=1.0).limit(10),
        select(Job.id).where(Job.died_at.is_not(None)).order_by(Job.died_at.desc()).limit(10),
    ],
)
def test_what_is_due_and_what_died_last_is_found_by_an_index(app: Flask, query: Any) -> None:
    with app.app_context(), db.engine.connect() as connection:
        dialect = connection.dialect
        shown = str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        plan = connection.execute(text(("EXPLAIN QUERY PLAN " if dialect.name == "sqlite" else "EXPLAIN ") + shown))
        told = str(plan.all())
    assert "ix_job_died_at_due_at" in told
    assert "TEMP B-TREE" not in told
    assert "filesort" not in told


def test_schedule_that_is_due_stores_its_job_once_for_all(app: Flask, make: Factory) -> None:
    with app.app_context():
        schedules.move()
        assert left(make) == 0
        name = some_jobs.coming_round.name
        make.execute(update(Schedule).where(Schedule.name == name).values(next_at=now() - timedelta(days=3)))

    def move() -> None:
        with app.app_context():
            schedules.move()

    at_once([move] * 8)
    assert make.execute(select(Job.name)) == [(name,)]
    ((next_at,),) = make.execute(select(Schedule.next_at).where(Schedule.name == name))
    assert timedelta(seconds=3590) < next_at - now() <= timedelta(seconds=3600)


def test_all_threads_of_a_worker_end(app: Flask) -> None:
    before = threading.active_count()
    with running_jobs(app, 5):
        assert threading.active_count() > before
    assert threading.active_count() <= before
