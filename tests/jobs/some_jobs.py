"""Jobs that tests and the campaign run. Each notes in a file of the data directory that it ran."""

import os
import time
from typing import Any

from flask import g

from flask_api.core.jobs import background, scheduled
from flask_api.extensions import settings


def note(text: str) -> None:
    """Add a line to ``<data_dir>/notes``, in one write, which no kill tears apart."""
    file = os.open(settings.data_dir / "notes", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(file, f"{text}\n".encode())
    finally:
        os.close(file)


@background
def noted(*, text: str, seconds: float = 0) -> None:
    """Note when it begins and, that much later, when it ends."""
    note(f"begin {text}")
    time.sleep(seconds)
    note(f"end {text}")


@background
def with_request_id() -> None:
    """Note which request asked for it."""
    note(f"request {g.get('request_id')}")


@background(tries=2)
def failing(*, password: str, told: Any = None) -> None:
    """Fail."""
    note("failed")
    raise ValueError("not today")


@background
def leaving() -> None:
    """Be ended, as when a worker is told to go at once."""
    note("left")
    raise SystemExit


@scheduled(every=3600)
@background
def coming_round() -> None:
    """Note that it came round."""
    note("round")
