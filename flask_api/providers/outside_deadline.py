"""Until when a call to a service outside may go on."""

import time
from collections.abc import Callable


class Deadline:
    """When a call is too late: ``timeout`` seconds after it began, unless it may take longer the more it moves.

    What was sent buys no more time than the sending took: else who takes a file at once could drip the answer for as
    long as the file might have taken.

    Args:
        slowest: see :func:`fetch`.
        clock: tells seconds; never goes back.
    """

    def __init__(self, timeout: float, slowest: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._timeout, self._slowest, self._clock = timeout, slowest, clock
        self._began = self._sent_at = self._moved_at = clock()
        self._sent = self._received = 0  # bytes

    def note_sent(self, size: int) -> None:
        """Note that so many bytes more were sent."""
        self._sent_at = self._moved_at = self._clock()
        self._sent += size

    def note_received(self, size: int) -> None:
        """Note how many bytes of the answer's body have come by now, packed as they may be."""
        self._moved_at = self._clock()
        self._received = size

    def seconds_left(self) -> float:
        """Return how long it may still take, if nothing more moves."""
        end = self._began + self._timeout
        if self._slowest:
            end += min(self._sent / self._slowest, self._sent_at - self._began) + self._received / self._slowest
            end = min(end, self._moved_at + self._timeout)
        return end - self._clock()
