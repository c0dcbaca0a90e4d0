"""What ties people to each other and to places: where they are, their labels, who likes whom, who looked at whom.

Likes and visits are numbered. Each number stands for a pair, another one for each, without anything being remembered:
so they can be made in the order of time, and cost no memory, however many people there are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import gcd
from random import Random
from typing import Any

from flask_api.cli.demo.moments import SignUps, to_moment

DAYS = 30  # that likes and visits go back
LIKES, VISITS = 4, 9  # for each person, before those that do not happen
LIKED_BACK = 0.2
PLACED = 0.7
HIDDEN = 0.03
SPREAD = 0.09  # degrees: of a city
CITIES = (  # latitude, longitude; the shares of people, added up
    ((39.91, 116.40), 0.28),  # Beijing
    ((31.23, 121.47), 0.56),  # Shanghai
    ((23.13, 113.26), 0.71),  # Guangzhou
    ((22.54, 114.06), 0.84),  # Shenzhen
    ((30.57, 104.07), 0.93),  # Chengdu
    ((30.27, 120.16), 1.0),  # Hangzhou
)


@dataclass(frozen=True, slots=True)
class Tie:
    """Somebody did something to somebody; both by their positions."""

    who: int
    whom: int
    at: datetime
    is_mutual: bool = False  # of a like: it is answered at once


class Ties:
    """The ties among so many people, who signed up one after another.

    Args:
        begin, end: between which all happens; activity times.
    """

    def __init__(self, seed: int, count: int, sign_ups: SignUps, *, begin: float, end: float) -> None:
        self._seed, self._count, self._sign_ups = seed, count, sign_ups
        self._begin, self._span = begin, end - begin
        self._reach = (count - 1) // 2  # nobody likes further ahead, so that liking back is another pair
        step = int(count * 0.618) + 1
        self._step = next(number for number in range(step, step + count + 1) if gcd(number, count) == 1)

    def likes(self) -> Iterator[Tie]:
        """Yield who likes whom, in the order of time."""
        rng = self._random("likes")
        for who, ahead, at in self._numbered(rng, LIKES, self._reach):
            whom = (who + ahead) % self._count
            if self._is_there(at, who, whom) and rng.random() < _charm(whom):
                yield Tie(who, whom, to_moment(at), rng.random() < LIKED_BACK)

    def visits(self) -> Iterator[Tie]:
        """Yield who looked at whom, in the order of time."""
        rng = self._random("visits")
        for who, ahead, at in self._numbered(rng, VISITS, self._count - 1):
            whom = (who + ahead) % self._count
            if self._is_there(at, who, whom) and rng.random() < _charm(whom):
                yield Tie(who, whom, to_moment(at))

    def _random(self, name: str) -> Random:
        return Random(f"{name} {self._seed}")  # noqa: S311 - no secret

    def _numbered(self, rng: Random, rounds: int, reach: int) -> Iterator[tuple[int, int, float]]:
        """Yield a person, how far ahead the other one is, and when; each pair once."""
        number = min(rounds, reach) * self._count
        for place in range(number):
            turn, who = place // self._count, place * self._step % self._count
            ahead = 1 + (who * 7919 + turn) % reach
            yield who, ahead, self._begin + self._span * (place + rng.random()) / number

    def _is_there(self, at: float, *positions: int) -> bool:
        return max(positions) < self._sign_ups.count_before(at)


def _charm(position: int) -> float:
    """Return how probable it is that somebody is looked at: some are much more often than others."""
    return float(position * 0.618 % 1) ** 2


def place(rng: Random, user_id: int, active_at: datetime) -> dict[str, Any] | None:
    """Return the row of where somebody is, in or around a city; None: nobody knows."""
    luck, hidden, latitude, longitude = rng.random(), rng.random(), rng.gauss(0, SPREAD), rng.gauss(0, SPREAD)
    if luck >= PLACED:
        return None
    middle = next(city for city, end in CITIES if luck / PLACED <= end)
    where = {"latitude": round(middle[0] + latitude, 5), "longitude": round(middle[1] + longitude, 5)}
    return {"user_id": user_id, **where, "placed_at": active_at, "updated_at": active_at, "is_hidden": hidden < HIDDEN}


def pick_labels(rng: Random, user_id: int, fitting: Sequence[int]) -> list[dict[str, int]]:
    """Return the rows of somebody's labels, out of those that fit."""
    number = min(rng.choice((0, 2, 3, 3, 4, 5, 7)), len(fitting))
    return [{"user_id": user_id, "label_id": label_id} for label_id in sorted(rng.sample(fitting, number))]
