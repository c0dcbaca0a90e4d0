"""``manage.py jobs``: looking at jobs, and what to do with dead ones."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import ScriptInfo
from sqlalchemy import select, update

from flask_api.cli.jobs import jobs
from flask_api.core.database import now
from flask_api.core.job_rows import Job
from tests.factories import Factory
from tests.jobs import some_jobs

Command = Callable[..., Result]


@pytest.fixture
def command(app: Flask) -> Command:
    """Runs ``jobs`` with these arguments on the app of the test."""
    return lambda *arguments: CliRunner().invoke(jobs, arguments, obj=ScriptInfo(create_app=lambda: app))


@pytest.fixture
def dead(app: Flask, make: Factory) -> list[int]:
    """The ids of two dead jobs; a third waits."""
    with app.app_context():
        some_jobs.failing(password="correct horse", told={"phone": "13800138000", "page": 2})
        some_jobs.failing(password="correct horse")
        some_jobs.noted(text="a")
    ids = [row.id for row in make.execute(select(Job.id).order_by(Job.id))][:2]
    values = {"died_at": now(), "attempts": 10, "last_error": f"ValueError: not today{' and long' * 20}"}
    make.execute(update(Job).where(Job.id.in_(ids)).values(values))
    return ids


def test_waiting_and_dead_jobs_are_listed(command: Command, dead: list[int]) -> None:
    waiting = command("list").stdout.splitlines()
    assert (len(waiting), "some_jobs.noted" in waiting[1]) == (2, True)
    listed = command("list", "--dead").stdout
    assert all(str(job_id) in listed for job_id in dead)
    assert "ValueError: not today" in listed
    assert all(len(line) < 180 for line in listed.splitlines()), "however long an error is"
    assert len(command("list", "--dead", "--limit", "1").stdout.splitlines()) == 2


def test_empty_lists_say_so(command: Command) -> None:
    assert command("list").stdout == "No job waits.\n"
    assert command("list", "--dead").stdout == "No job is dead.\n"
    assert command("requeue", "--all").stdout == "0 are tried again.\n"


def test_job_is_shown_with_its_secrets_masked(command: Command, dead: list[int]) -> None:
    shown = command("show", str(dead[0])).stdout
    assert "some_jobs.failing" in shown
    assert "horse" not in shown
    assert "13800138000" not in shown
    assert '"page": 2' in shown
    assert command("show", "999").stderr == "Error: there is no job 999: it is done, or was dropped\n"


@pytest.mark.parametrize("all_of_them", [True, False])
def test_dead_jobs_are_tried_again(command: Command, dead: list[int], make: Factory, all_of_them: bool) -> None:
    arguments = ["--all"] if all_of_them else [str(job_id) for job_id in dead]
    assert command("requeue", *arguments).stdout == "2 are tried again.\n"
    assert make.execute(select(Job.died_at, Job.attempts).where(Job.id.in_(dead))) == [(None, 0)] * 2
    again = command("requeue", str(dead[0]))
    assert (again.exit_code, again.stdout) == (1, "")


def test_requeue_wants_to_know_which(command: Command, dead: list[int]) -> None:
    assert command("requeue").exit_code == 2
    assert command("requeue", "--all", "1").exit_code == 2


def test_dropped_job_is_gone(command: Command, dead: list[int], make: Factory) -> None:
    assert command("drop", str(dead[0])).stdout == "1 is gone.\n"
    assert make.execute(select(Job.id).where(Job.id == dead[0])) == []
    assert command("drop", str(dead[0])).exit_code == 1
