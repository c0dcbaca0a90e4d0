"""Counting wrong passwords, so that they cannot be tried out. What is counted: a phone's logins, a user's proofs."""

from flask_api.core import rate_limits
from flask_api.core.errors import TooManyRequests
from flask_api.core.rate_limits import Budget, Limit
from flask_api.setting_kinds import Quota

ALLOWED = Quota(10, 900)
LOGINS_PER_PHONE = Limit("password-logins", "a phone", lambda _: ALLOWED)
PROOFS_PER_USER = Limit("password-proofs", "a user", lambda _: ALLOWED)


class TooManyFailures(TooManyRequests):
    status = "TOO_MANY_FAILURES"
    message = "Too many wrong passwords; wait, or use an SMS code."


def count(limit: Limit, whom: str) -> None:
    """Count an attempt before looking at it, so that parallel guesses cannot share one.

    Raises:
        TooManyFailures: there were too many already.
    """
    if wait := rate_limits.take(Budget((limit, ALLOWED)), whom):
        raise TooManyFailures(retry_after=wait)


def forget(limit: Limit, whom: str) -> None:
    """Forget the attempts: one was right."""
    rate_limits.forget(Budget((limit, ALLOWED)), whom)
