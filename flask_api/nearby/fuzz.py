"""Where somebody is said to be, which is never where they are: whoever measures it well errs by a kilometre or more.

The true place counts only as the cell of a grid that it is in. From the middle of that cell it is displaced in a
direction and by a length that a secret decides for each user and cell. So the same place always gives the same answer,
and asking often tells no more than asking once. Who walks to and fro over the border of two cells stays where he was
said to be, or both answers together would tell more.
"""

import hashlib
import hmac
from math import pi

from flask_api.extensions import settings
from flask_api.nearby.sphere import Cell, Grid, Point, beyond, distance

GRID = Grid(0.5)  # all lengths: km
LEAST, MOST = 1.6, 2.2  # of the displacement
STAYS = 0.55  # as near to a cell's middle, its answer may stay; further than any of its corners
DIGITS = 5  # of degrees that are kept: a metre


def displaced(user_id: int, place: Point, known: Point | None = None) -> Point:
    """Return where to say that somebody is; ``known`` is what was said before."""
    if known is not None:
        for cell in GRID.around(place):
            if distance(place, GRID.middle(cell)) <= STAYS and distance(_answer(user_id, cell), known) < 0.01:
                return known
    return _answer(user_id, GRID.cell(place))


def _answer(user_id: int, cell: Cell) -> Point:
    text = f"place:{user_id}:{cell.row}:{cell.column}".encode()
    drawn = hmac.digest(settings.secret_key.encode(), text, hashlib.sha256)
    direction, length = (int.from_bytes(part) / 2**64 for part in (drawn[:8], drawn[8:16]))
    answer = beyond(GRID.middle(cell), 2 * pi * direction, LEAST + (MOST - LEAST) * length)
    return Point(round(answer.latitude, DIGITS), round(answer.longitude, DIGITS))
