"""``demo``: the options, the progress bar, and what is said at the end."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError
from tqdm import tqdm

from flask_api.cli.demo import pictures, storing
from flask_api.cli.demo.phones import admin_phone as phone_of_admin
from flask_api.cli.demo.population import AdminPhoneTaken, Made, Plan, Population
from flask_api.cli.failures import NO_TABLES
from flask_api.core.database import now
from flask_api.settings import Settings
from flask_api.users.phones import normalise

ROWS_OF_A_USER = 2  # account and profile
TIES_OF_A_USER = 9  # about: place, labels, likes, visits
SHORT_SPAN = timedelta(days=30)


class Stopped(Exception):
    """Ctrl-C was pressed, and the batch that was under way then is stored."""


@click.command("demo")
@click.option("--users", type=click.IntRange(min=1), default=1000, show_default=True, help="How many people to add.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Same seed, same people.")
@click.option("--posts-per-user", type=click.FloatRange(0, 1000), default=2.0, show_default=True, help="On average.")
@click.option("--photos-per-user", type=click.FloatRange(0, 10), default=1.0, show_default=True, help="On average.")
@click.option("--admin-phone", help="Phone of the demo's admin. [default: one that goes with the seed]")
@click.option("--yes-in-production", is_flag=True, help="Do it although this is production.")
@with_appcontext
def demo(
    users: int,
    seed: int,
    posts_per_user: float,
    photos_per_user: float,
    admin_phone: str | None,
    yes_in_production: bool,
) -> None:
    """Add people with profiles, photos, likes, visits and posts. Running it again adds more of them."""
    settings: Settings = current_app.extensions["settings"]
    if settings.in_production and not yes_in_production:
        raise click.ClickException("This is production: demo people would stand among real ones (--yes-in-production).")
    # A number that goes with the seed may be a stranger's, and in production the code for the login is sent to him.
    default_admin = None if settings.in_production else phone_of_admin(seed)
    began, made = time.monotonic(), Made()
    try:
        admin = normalise(admin_phone, field="admin-phone") if admin_phone else default_admin
        if not storing.is_migrated():
            raise click.ClickException(NO_TABLES)
        plan = Plan(users, round(users * posts_per_user), photos_per_user, seed, admin, now())
        _draw_pictures(settings)
        _populate(plan, made)
    except (Stopped, KeyboardInterrupt):
        click.echo(f"Stopped. {_counts(made)} are in; run it again to add more.")
        raise SystemExit(130) from None
    except AdminPhoneTaken:
        raise click.ClickException(
            f"{admin} belongs to somebody who is no admin; choose another --admin-phone, or use create-admin."
        ) from None
    except OSError as error:
        raise click.ClickException(f"The pictures cannot be written: {error}") from None
    except SQLAlchemyError:
        if made.users:
            click.echo(f"{_counts(made)} are in; run it again to add more.", err=True)
        raise
    _tell(made, plan, settings, time.monotonic() - began)


def _draw_pictures(settings: Settings) -> None:
    with _bar(pictures.COUNT, "Pictures", " pictures") as bar:
        pictures.write_pictures(settings.data_dir, bar.update)


def _populate(plan: Plan, made: Made) -> None:
    expected = plan.users * (ROWS_OF_A_USER + plan.photos_per_user + TIES_OF_A_USER) + plan.posts
    with _ctrl_c() as pressed, _bar(round(expected), "Population", " rows") as bar:

        def report(so_far: Made) -> None:
            rows = so_far.users * ROWS_OF_A_USER + so_far.photos + so_far.posts + so_far.ties
            if so_far.posts:  # now it is known how many the others are
                bar.total = rows - so_far.posts + plan.posts
            bar.set_postfix_str(
                f"users {so_far.users:,}, visits {so_far.visits:,}, posts {so_far.posts:,}", refresh=False
            )
            bar.update(rows - bar.n)
            if pressed:
                raise Stopped

        Population(plan, made, report).make()


def _bar(total: int, title: str, unit: str) -> "tqdm[None]":
    # A log file gets a line now and then, a terminal a bar that moves.
    pace = 0.1 if sys.stderr.isatty() else 5
    return tqdm(
        total=total, desc=title, unit=unit, unit_scale=True, dynamic_ncols=True, mininterval=pace, smoothing=0.1
    )


@contextmanager
def _ctrl_c() -> Iterator[list[int]]:
    """Put a first Ctrl-C into the list that is given, and let a second one end the batch under way, unstored."""
    pressed: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        if pressed:
            raise KeyboardInterrupt
        pressed.append(number)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _counts(made: Made) -> str:
    return f"{made.users:,} users, {made.posts:,} posts and {made.photos:,} photos"


def _tell(made: Made, plan: Plan, settings: Settings, seconds: float) -> None:
    click.echo(f"Added {_counts(made)} in {seconds:.1f} s (seed {plan.seed}).")
    click.echo(
        f"They have {made.places:,} places, {made.labels:,} labels, {made.likes:,} likes, {made.matches:,} matches and "
        f"{made.visits:,} visits."
    )
    click.echo("A Redis that was in use learns of those by: python manage.py geo rebuild; python manage.py hot rebuild")
    if made.first_post is not None and made.last_post is not None:
        line = f"The posts are from {made.first_post:%Y-%m-%d} to {made.last_post:%Y-%m-%d}"
        short = made.last_post - made.first_post < SHORT_SPAN
        click.echo(f"{line}, after the newest that was there: lists go by age." if short else f"{line}.")
    click.echo(f"Pictures: {settings.data_dir / 'media' / 'demo'}")
    click.echo(f"Somebody to log in as: {made.phone}")
    if plan.admin_phone:
        click.echo(f"The demo's admin:      {plan.admin_phone} ({'new' if made.admin else 'was there already'})")
    else:
        click.echo("No admin was made: in production give --admin-phone, a phone of your own, or use create-admin.")
    click.echo('To log in, send {"phone": "…"} to POST /api/v1/auth/sms-codes, then phone and code to')
    where = "the provider sends the code" if settings.in_production else "in development the answer carries the code"
    click.echo(f"POST /api/v1/auth/sms-login; {where}. The page for both is /api/.")
