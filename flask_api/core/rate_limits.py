"""Rate limits: how often something may happen for an address, a user, an app key, a phone.

A limit counts from the first time on, for as long as its quota says (a fixed window), in Redis, for all processes and
hosts: those that stay open without Redis in batches (core/tallies.py), the others one by one.

Flask-Limiter would ask Redis once for each limit, and more for the headers, and takes more time than all the rest of a
request: ``make bench-limits`` shows both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import Any, TypeVar

from flask import Flask, Response, g

from flask_api.core import redis_keys
from flask_api.core.errors import LimitReached
from flask_api.core.redis_trips import Command, Script
from flask_api.core.tallies import Tally
from flask_api.extensions import redis_trips
from flask_api.setting_kinds import Quota
from flask_api.settings import Settings

View = TypeVar("View", bound=Callable[..., Any])

# For each limit: how often it has happened within its window, this time included, and the window's rest (milliseconds).
COUNT = Script(
    """
local used = {}
for place, key in ipairs(KEYS) do
  local count, rest = redis.call('INCR', key), redis.call('PTTL', key)
  if rest < 0 then
    rest = tonumber(ARGV[place])
    redis.call('PEXPIRE', key, rest)
  end
  used[2 * place - 1], used[2 * place] = count, rest
end
return used
"""
)
# The window ends with the last that is given back: the next one begins its own.
GIVE_BACK = Script(
    """
if redis.call('EXISTS', KEYS[1]) == 1 and redis.call('DECR', KEYS[1]) <= 0 then redis.call('DEL', KEYS[1]) end
"""
)


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit by its name on the wire.

    Args:
        name: as in the header RateLimit.
        counts: whom it counts for, for people.
        quota: what the settings give it; None: there is no limit.
        open_without_redis: whether requests pass uncounted while Redis is away; else they are answered 503.
    """

    name: str
    counts: str
    quota: Callable[[Settings], Quota | None]
    open_without_redis: bool = False


PER_ADDRESS = Limit("address", "an address", lambda values: values.limit_per_address, open_without_redis=True)
PER_USER = Limit("user", "a user", lambda values: values.limit_per_user, open_without_redis=True)
PER_APP_KEY = Limit("app-key", "an app key", lambda _: None)  # each has its own, in its row
LOGINS_PER_ADDRESS = Limit("logins", "an address", lambda values: values.limit_logins_per_address)


class Budget:
    """Limits that somebody uses together: one command counts against them all. Made once, used by all requests.

    Args:
        limits: each with its quota.
    """

    def __init__(self, *limits: tuple[Limit, Quota]) -> None:
        self.quotas = [quota for _, quota in limits]
        self.names = [limit.name for limit, _ in limits]
        self.policy = ", ".join(f'"{limit.name}";q={quota.amount};w={quota.seconds}' for limit, quota in limits)
        self._amounts = [quota.amount for quota in self.quotas]
        self._windows = [quota.seconds * 1000 for quota in self.quotas]

    def keys(self, counted: str) -> list[str]:
        """Return the keys under which is kept what somebody has used."""
        return [redis_keys.limit(name, counted) for name in self.names]

    def command(self, counted: str) -> Command:
        """Return the command that counts once for somebody."""
        return COUNT.call(self.keys(counted), *self._windows)

    def tally(self, tally: Tally, counted: str) -> None:
        """Count in this process, for the limits that are open without Redis; see core/tallies.py.

        Raises:
            LimitReached: see :meth:`judge`.
        """
        self.judge(tally.count(self.keys(counted), self._windows))

    def wait(self, used: Sequence[int]) -> int:
        """Return how many seconds it is over a limit for; 0: it is not. ``used`` is what the command answered."""
        over = [used[2 * place + 1] for place, amount in enumerate(self._amounts) if used[2 * place] > amount]
        return max(1, ceil(max(over) / 1000)) if over else 0

    def judge(self, used: Sequence[int]) -> None:
        """Note for the headers what was used, and refuse what is too much.

        Raises:
            LimitReached: 429, with the longest of the waits.
        """
        self.note(used)
        if wait := self.wait(used):
            raise LimitReached(retry_after=wait)

    def note(self, used: Sequence[int]) -> None:
        """Note for the headers what was used."""
        context = g._get_current_object()
        context.used = (*context.get("used", ()), (self, used))

    def standing(self, used: Sequence[int]) -> str:
        """Return the header RateLimit."""
        return ", ".join(
            [
                f'"{name}";r={max(0, amount - count)};t={-(-rest // 1000)}'
                for name, amount, count, rest in zip(self.names, self._amounts, used[::2], used[1::2], strict=True)
            ]
        )


def limited(*limits: Limit) -> Callable[[View], View]:
    """Count each call of a view against these limits of the client's address, before anything else is looked at."""

    def decorate(view: View) -> View:
        view.__limits__ = (*limits_of(view), *limits)  # type: ignore[attr-defined]
        return view

    return decorate


def limited_inside(*limits: Limit) -> Callable[[View], View]:
    """Tell on the page of limits that the view's service counts against, where it knows for whom: :func:`take`."""

    def decorate(view: View) -> View:
        view.__limits_inside__ = limits  # type: ignore[attr-defined]
        return view

    return decorate


def limits_of(view: Any) -> tuple[Limit, ...]:
    """Return the limits of ``@limited``."""
    found: tuple[Limit, ...] = getattr(view, "__limits__", ())
    return found


def budget_of(limits: Sequence[Limit], values: Settings) -> Budget | None:
    """Return the budget of those limits that the settings give a quota; None: there is none."""
    found = [(limit, quota) for limit in limits if (quota := limit.quota(values)) is not None]
    return Budget(*found) if found else None


def take(budget: Budget, counted: str) -> int:
    """Count now, in a round trip of its own; return the seconds to wait if that was too much, else 0.

    Raises:
        RedisError: Redis is away.
    """
    if "arrival" in g and g.arrival.failure is not None:
        raise g.arrival.failure  # the request has waited for Redis once
    used = redis_trips.ask(budget.command(counted), scripts=(COUNT,), again=False)[0]
    budget.note(used)
    return budget.wait(used)


def give_back(budget: Budget, counted: str) -> None:
    """Uncount what has not happened after all."""
    for key in budget.keys(counted):
        redis_trips.ask(GIVE_BACK.call([key]), scripts=(GIVE_BACK,), again=False)


def forget(budget: Budget, counted: str) -> None:
    """Forget all that was counted."""
    redis_trips.ask(("DEL", *budget.keys(counted)))


@lru_cache(4096)
def bucket(address: str) -> str:
    """Return what is counted as one address: all of an IPv6 /64, which one customer usually has to himself."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address  # a Unix socket
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"


def register_limit_headers(app: Flask) -> None:
    """Tell every client where it stands (draft-ietf-httpapi-ratelimit-headers-10)."""

    @app.after_request
    def tell(response: Response) -> Response:
        used = g.get("used")
        if used:
            response.headers.add("RateLimit-Policy", ", ".join([budget.policy for budget, _ in used]))
            response.headers.add("RateLimit", ", ".join([budget.standing(counts) for budget, counts in used]))
        return response
