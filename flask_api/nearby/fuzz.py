"""Where somebody is said to be, which is never where they are: whoever measures it well errs by a kilometre or more.

The Earth is divided into neighbourhoods of about 5 km, for each user in another way. The true place counts only as the
point of a lattice that it is next to, and that is displaced in a direction and by a length. How the lattice lies and
how it is displaced a secret decides for each user and neighbourhood. So everything that is said of a home and of what
is around it errs in the same way: several answers tell hardly more than one, and their mean errs as each of them does.
Who walks to and fro over the border of two cells stays where he was said to be.
"""

import hashlib
import hmac
from cmath import phase, rect
from math import pi

from flask_api.extensions import settings
from flask_api.nearby.sphere import Cell, Grid, Point, beyond, direction, distance, normal, turned

NEIGHBOURHOODS = Grid(5)  # all lengths: km
STEP = 0.5  # of the lattice
LEAST, MOST = 1.6, 2.2  # of the displacement
STAYS = 0.55  # as near to a point of the lattice, its answer may stay; further than any place is from the nearest one
WAVERS = 0.12  # as far beyond the border of a neighbourhood, its answer may stay: a phone's readings differ
DIGITS = 5  # of degrees that are kept: a metre


def displaced(user_id: int, place: Point, known: Point | None = None) -> Point:
    """Return where to say that somebody is; ``known`` is what was said before."""
    shifts = _drawn(f"place:{user_id}")
    here = _shifted(place, shifts)
    cell = NEIGHBOURHOODS.cell(here)
    if known is not None:
        said = _shifted(known, shifts)
        around = {NEIGHBOURHOODS.cell(beyond(here, step * pi / 8, WAVERS)) for step in range(16)}
        if any(Neighbourhood(user_id, near).may_stay(here, said) for near in {cell, *around}):
            return known
    answer = _shifted_back(Neighbourhood(user_id, cell).answer(here), shifts)
    return Point(round(answer.latitude, DIGITS), round(answer.longitude, DIGITS))


class Neighbourhood:
    """A part of the Earth, shifted for one user, as a plane around its middle: north and east are a complex number."""

    def __init__(self, user_id: int, cell: Cell) -> None:
        self._middle = NEIGHBOURHOODS.middle(cell)
        towards, length, north, east = _drawn(f"place:{user_id}:{cell.row}:{cell.column}")
        self._displacement = rect(LEAST + (MOST - LEAST) * length, 2 * pi * towards)
        self._start = STEP * complex(north, east)  # of the lattice

    def answer(self, place: Point) -> Point:
        """Return where somebody is said to be who is here."""
        there = self._next_to(self._on_plane(place)) + self._displacement
        return beyond(self._middle, phase(there), abs(there))

    def may_stay(self, place: Point, said: Point) -> bool:
        """Whether somebody who is here may still be said to be where the answer was: it is one of a place near by."""
        meant = self._on_plane(said) - self._displacement
        return abs(meant - self._next_to(meant)) < 0.01 and abs(meant - self._on_plane(place)) <= STAYS

    def _on_plane(self, point: Point) -> complex:
        return rect(distance(self._middle, point), direction(self._middle, point))

    def _next_to(self, there: complex) -> complex:
        steps = (there - self._start) / STEP
        return self._start + STEP * complex(round(steps.real), round(steps.imag))


def _drawn(text: str) -> tuple[float, ...]:
    """Return four numbers from 0 to below 1 that nobody knows without the secret."""
    drawn = hmac.digest(settings.secret_key.encode(), text.encode(), hashlib.sha256)
    return tuple(int.from_bytes(drawn[at : at + 7]) / 2**56 for at in (0, 7, 14, 21))


def _shifted(point: Point, shifts: tuple[float, ...]) -> Point:
    """Return the point on an Earth that was turned, for each user in another way; distances stay."""
    first, second, *_ = shifts
    on_its_side = turned(Point(point.latitude, normal(point.longitude + 360 * first)))
    return Point(on_its_side.latitude, normal(on_its_side.longitude + 360 * second))


def _shifted_back(point: Point, shifts: tuple[float, ...]) -> Point:
    first, second, *_ = shifts
    upright = turned(Point(point.latitude, normal(point.longitude - 360 * second)))
    return Point(upright.latitude, normal(upright.longitude - 360 * first))
