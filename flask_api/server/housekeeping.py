"""Work that comes round by the clock, in a thread of the server."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

FIRST_TURN_AFTER = 60  # seconds; a server that is restarted often must come to it as well

log = logging.getLogger(__name__)


@contextmanager
def every(seconds: float, work: Callable[[], None]) -> Iterator[None]:
    """Run ``work`` every so many seconds while the context lasts; a failure is logged, and the next turn comes."""
    stop = threading.Event()

    def turn() -> None:
        wait = min(FIRST_TURN_AFTER, seconds)
        while not stop.wait(wait):
            wait = seconds
            try:
                work()
            except Exception:
                log.exception("housekeeping failed; the next turn comes in %d s", seconds)

    thread = threading.Thread(target=turn, name="housekeeping", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=5)
