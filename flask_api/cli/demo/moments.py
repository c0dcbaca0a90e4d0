"""When people do things: by day rather than by night, and more of it of late.

"Activity time" runs evenly with what people do, so drawing from it evenly gives believable hours. It is counted in days
since 1970 in Beijing; the part after the point is the share of a day's activity that is over. It grows with the clock's
time, so what is in order by one is in order by the other.
"""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from itertools import accumulate

# How much goes on in each hour of a day in Beijing.
HOURS = (20, 10, 6, 4, 4, 6, 14, 30, 42, 44, 46, 50, 62, 52, 42, 42, 44, 48, 56, 66, 76, 84, 74, 46)
_ENDS = [part / sum(HOURS) for part in accumulate(HOURS)]
_BEIJING = timedelta(hours=8)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86400.0  # seconds

SIGN_UP_DAYS = 3 * 365
POSTING_DAYS = 2 * 365
GROWTH = 1.5  # of the number of users; 1 would be a straight line
POSTING_GROWTH = 2.0  # of the number of posts


def to_activity(moment: datetime) -> float:
    """Return activity time, in days."""
    day, seconds = divmod((moment - _EPOCH + _BEIJING).total_seconds(), _DAY)
    hour, rest = divmod(seconds, 3600)
    begin = _ENDS[int(hour) - 1] if hour else 0.0
    return day + begin + (_ENDS[int(hour)] - begin) * rest / 3600


def to_moment(activity: float) -> datetime:
    """Return the moment, aware UTC, of an activity time."""
    day = int(activity)
    share = activity - day
    hour = min(bisect_right(_ENDS, share), 23)
    begin = _ENDS[hour - 1] if hour else 0.0
    rest = min((share - begin) / (_ENDS[hour] - begin), 1.0)
    return _EPOCH - _BEIJING + timedelta(days=day, seconds=(hour + rest) * 3600)


class SignUps:
    """The moments at which so many users signed up: in order, slowly first, until now. Times are activity times."""

    def __init__(self, users: int, now: float) -> None:
        self._users = users
        self.start = now - SIGN_UP_DAYS

    def at(self, position: int, luck: float) -> float:
        """Return when the user at this position, from 0, signed up; ``luck`` is from 0 to 1."""
        share = (position + luck) / self._users if position else 0.0
        return self.start + SIGN_UP_DAYS * float(share ** (1 / GROWTH))

    def count_before(self, time: float) -> int:
        """Return how many users were there for certain at a time; the first always is."""
        share = max(0.0, (time - self.start) / SIGN_UP_DAYS)
        return min(self._users, max(1, int(self._users * share**GROWTH)))


class PostTimes:
    """The moments of so many posts: in order, more and more of them, until now. Times are activity times."""

    def __init__(self, posts: int, now: float, not_before: float) -> None:
        self._posts = posts
        self.start = min(max(now - POSTING_DAYS, not_before), now)
        self._span = now - self.start

    def at(self, position: int, luck: float) -> float:
        """Return when the post at this position, from 0, was written; ``luck`` is from 0 to 1."""
        share = (position + luck) / self._posts
        return self.start + self._span * float(share ** (1 / POSTING_GROWTH))
