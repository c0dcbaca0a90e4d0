"""``jobs``: look at background jobs, have dead ones tried again, and run the worker."""

import json
import signal
import threading
from contextlib import ExitStack
from datetime import datetime

import click
from flask.cli import with_appcontext
from sqlalchemy import select

from flask_api.cli.running import prepare_app
from flask_api.core import job_rows, metrics
from flask_api.core.encryption import CannotDecrypt, decrypt
from flask_api.core.job_rows import Job
from flask_api.core.logs import masked
from flask_api.core.transaction import rows
from flask_api.server.job_worker import running_jobs
from flask_api.settings import load_settings

SHOWN = 50
SHOWN_OF_ERROR = 70  # characters, in a list
COLUMNS = select(Job.id, Job.name, Job.created_at, Job.due_at, Job.attempts, Job.last_error, Job.died_at)
LINE = "{:>8}  {:<45}  {:>5}  {:<20}  {}"


@click.group()
def jobs() -> None:
    """Background jobs: look at them, run them. The dead are those that failed too often."""


@jobs.command("list")
@click.option("--dead", is_flag=True, help="Those that failed too often, the latest first.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=SHOWN, show_default=True, help="How many at most.")
@with_appcontext
def list_jobs(dead: bool, limit: int) -> None:
    """List the jobs that wait or run. Those that are due first come first."""
    query = COLUMNS.where(Job.died_at.is_not(None)).order_by(Job.died_at.desc())
    if not dead:
        query = COLUMNS.where(Job.died_at.is_(None)).order_by(Job.due_at)
    found = rows(query.limit(limit + 1))
    if not found:
        click.echo("No job is dead." if dead else "No job waits.")
        return
    click.echo(LINE.format("ID", "JOB", "TRIES", "DIED (UTC)" if dead else "DUE (UTC)", "LAST ERROR"))
    for job in found[:limit]:
        moment = job.died_at if dead else job.due_at
        error = _short(job.last_error or "")
        click.echo(LINE.format(job.id, job.name, job.attempts, f"{moment:%Y-%m-%d %H:%M:%S}", error).rstrip())
    if len(found) > limit:
        click.echo(f"There are more; --limit shows them, up to {10_000}.", err=True)


@jobs.command("show")
@click.argument("job_id", metavar="ID", type=int)
@with_appcontext
def show(job_id: int) -> None:
    """Show one job; secrets among its arguments are masked."""
    job = job_rows.find(job_id)
    if job is None:
        raise _unknown(job_id)
    state = "dead" if job.died_at else "waits or runs"
    for name, value in {
        "id": job.id, "job": job.name, "state": state, "tries": job.attempts, "last error": job.last_error or "none",
        "stored": _utc(job.created_at), "due": _utc(job.due_at), "died": _utc(job.died_at) if job.died_at else "no",
        "request": job.request_id or "none", "arguments": _arguments(job.arguments),
    }.items():  # fmt: skip
        click.echo(f"{name:<12}{value}")


@jobs.command("requeue")
@click.argument("ids", metavar="[ID]...", type=int, nargs=-1)
@click.option("--all", "every", is_flag=True, help="All that are dead.")
@with_appcontext
def requeue(ids: tuple[int, ...], every: bool) -> None:
    """Have dead jobs tried again, from the first try on. A worker begins within two seconds."""
    if bool(ids) == every:
        raise click.UsageError("say which: the ids of dead jobs, or --all")
    died_before, revived = rows(job_rows.PRESENT)[0].moment, 0
    query = select(Job.id).where(Job.died_at <= died_before).limit(job_rows.BATCH)
    while batch := ids if ids else [row.id for row in rows(query)]:
        revived += job_rows.requeue(batch)
        if ids:
            break
    if ids and revived < len(set(ids)):
        click.echo(f"{revived} of {len(set(ids))} are tried again; the others are not dead, or not there.", err=True)
        raise SystemExit(1)
    click.echo(f"{revived} {'is' if revived == 1 else 'are'} tried again.")


@jobs.command("drop")
@click.argument("ids", metavar="ID...", type=int, nargs=-1, required=True)
@with_appcontext
def drop(ids: tuple[int, ...]) -> None:
    """Delete jobs; they will not be run any more."""
    dropped = job_rows.drop(ids)
    if dropped < len(set(ids)):
        raise click.ClickException(f"{dropped} of {len(set(ids))} were there and are gone")
    click.echo(f"{dropped} {'is' if dropped == 1 else 'are'} gone.")


@jobs.command("work")
def work() -> None:
    """Run jobs until SIGTERM or Ctrl-C. What runs then has SOLO_DRAIN_TIMEOUT to end, and is run again otherwise."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    settings = load_settings()
    with ExitStack() as stack:
        app = prepare_app(settings, stack)
        stack.enter_context(metrics.kept_in(settings.data_dir))
        stack.enter_context(running_jobs(app, settings.drain_timeout))
        click.echo(f"Jobs are run, {settings.job_threads} at a time.")
        stop.wait()


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_OF_ERROR else f"{text[:SHOWN_OF_ERROR]}…"


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _arguments(sealed: str) -> str:
    try:
        return json.dumps(masked(json.loads(decrypt(sealed))), ensure_ascii=False)
    except CannotDecrypt:
        return "cannot be read: SOLO_ENCRYPTION_KEYS has not the key they were stored with"


def _unknown(job_id: int) -> click.ClickException:
    return click.ClickException(f"there is no job {job_id}: it is done, or was dropped")
