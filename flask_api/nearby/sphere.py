"""Points on the Earth, taken for a sphere: latitude and longitude in degrees, distances in kilometres."""

from math import asin, atan2, ceil, cos, degrees, hypot, pi, radians, sin, sqrt
from typing import NamedTuple

RADIUS = 6371.0  # km
KM_OF_A_DEGREE = RADIUS * pi / 180


class Point(NamedTuple):
    """Degrees; the longitude from -180 to below 180."""

    latitude: float
    longitude: float


def distance(one: Point, other: Point) -> float:
    """Return how far two points are apart."""
    south, north = radians(one.latitude), radians(other.latitude)
    east = radians(other.longitude - one.longitude)
    half = sin((north - south) / 2) ** 2 + cos(south) * cos(north) * sin(east / 2) ** 2
    return 2 * RADIUS * asin(sqrt(min(1.0, half)))


def beyond(start: Point, direction: float, length: float) -> Point:
    """Return the point that lies so far in a direction (radians, from the north to the east)."""
    angle, latitude = length / RADIUS, radians(start.latitude)
    north = sin(latitude) * cos(angle) + cos(latitude) * sin(angle) * cos(direction)
    east = sin(direction) * sin(angle) * cos(latitude)
    turned = atan2(east, cos(angle) - sin(latitude) * north)
    return Point(degrees(asin(max(-1.0, min(1.0, north)))), normal(start.longitude + degrees(turned)))


def direction(start: Point, end: Point) -> float:
    """Return in which direction a point lies from another: radians, from the north to the east."""
    south, north = radians(start.latitude), radians(end.latitude)
    east = radians(end.longitude - start.longitude)
    return atan2(sin(east) * cos(north), cos(south) * sin(north) - sin(south) * cos(north) * cos(east))


def normal(longitude: float) -> float:
    """Return the same longitude from -180 to below 180."""
    return (longitude + 180) % 360 - 180


def turned(point: Point) -> Point:
    """Return the point after the Earth was turned so that its poles lie on the equator: distances stay."""
    latitude, longitude = radians(point.latitude), radians(point.longitude)
    x, y, z = cos(latitude) * cos(longitude), cos(latitude) * sin(longitude), sin(latitude)
    return Point(degrees(atan2(x, hypot(y, z))), normal(degrees(atan2(y, z))))


class Cell(NamedTuple):
    """A square of a grid: rows from the south, in each as many columns as make squares of it."""

    row: int
    column: int


class Grid:
    """A grid over the whole Earth.

    Args:
        size: how long the squares' sides are at most.
    """

    def __init__(self, size: float) -> None:
        self._rows = ceil(180 * KM_OF_A_DEGREE / size)
        self._height = 180 / self._rows  # degrees
        self._size = size

    def cell(self, point: Point) -> Cell:
        """Return the cell that a point is in."""
        row = min(self._rows - 1, int((point.latitude + 90) / self._height))
        columns = self._columns(row)
        return Cell(row, min(columns - 1, int((normal(point.longitude) + 180) / 360 * columns)))

    def middle(self, cell: Cell) -> Point:
        """Return the middle of a cell."""
        return Point(self._middle(cell.row), normal((cell.column + 0.5) / self._columns(cell.row) * 360 - 180))

    def _columns(self, row: int) -> int:
        return ceil(360 * KM_OF_A_DEGREE * cos(radians(self._middle(row))) / self._size)

    def _middle(self, row: int) -> float:
        return (row + 0.5) * self._height - 90
