"""``geo rebuild`` and ``hot rebuild``: what Redis keeps of the database, made anew."""

import sys
import time
from collections.abc import Callable

import click
from tqdm import tqdm

from flask_api.cli.running import needs_redis
from flask_api.core.remaking import Lost
from flask_api.hot import feeding as hot_list
from flask_api.nearby import feeding as places


@click.group()
def geo() -> None:
    """The places of people, as Redis keeps them to tell who is near."""


@geo.command("rebuild")
@needs_redis
def rebuild_places() -> None:
    """Tell Redis all places. The server does so by itself when Redis was emptied."""
    _rebuild(places.rebuild, places.count_places, "places")


@click.group()
def hot() -> None:
    """The hot list, as Redis keeps it."""


@hot.command("rebuild")
@needs_redis
def rebuild_hot_list() -> None:
    """Make the hot list anew, of the visits and likes of two weeks. The server does so when Redis was emptied."""
    _rebuild(hot_list.rebuild, lambda: None, "visits and likes")


def _rebuild(rebuild: Callable[[Callable[[int], object]], None], count: Callable[[], int | None], unit: str) -> None:
    began = time.monotonic()
    pace = 0.1 if sys.stderr.isatty() else 5  # a log file gets a line now and then, a terminal a bar that moves
    try:
        told = {"total": count(), "unit": f" {unit}", "mininterval": pace, "delay": 1}  # failures have their line
        with tqdm(**told, unit_scale=True, dynamic_ncols=True) as bar:
            rebuild(bar.update)
            done = int(bar.n)
    except Lost as lost:
        raise click.ClickException(f"{lost}; try again in a minute") from None
    click.echo(f"{done:,} {unit} in {time.monotonic() - began:.1f} s.")
