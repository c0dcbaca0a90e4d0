"""Counting wrong passwords, so that they cannot be tried out."""

from flask_api.core.errors import TooManyRequests
from flask_api.extensions import redis

ALLOWED = 10
FORGOTTEN_AFTER = 900  # seconds


class TooManyFailures(TooManyRequests):
    status = "TOO_MANY_FAILURES"
    message = "Too many wrong passwords; wait, or use an SMS code."


def count(key: str) -> None:
    """Count an attempt before looking at it, so that parallel guesses cannot share one.

    Raises:
        TooManyFailures: there were ``ALLOWED`` already.
    """
    with redis.pipeline(transaction=True) as pipe:
        pipe.set(key, 0, nx=True, ex=FORGOTTEN_AFTER)
        pipe.incr(key)
        pipe.ttl(key)
        _, attempts, left = pipe.execute()
    if attempts > ALLOWED:
        raise TooManyFailures(retry_after=max(1, left))


def forget(key: str) -> None:
    """Forget the attempts: one was right."""
    redis.delete(key)
