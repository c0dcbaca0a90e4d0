"""A small drawing board: smooth edges, soft gradients, coordinates from 0 to 320 whatever the resolution underneath."""

import os
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageColor, ImageDraw, ImageFilter

SIDE = 320  # pixels of the finished picture
FINE = 3  # drawn so many times larger, then scaled down: Pillow itself draws jagged edges
QUALITIES = (86, 78, 70, 60)  # of the JPEG, best first
MAX_BYTES = 15_000

Point = tuple[float, float]
Colour = tuple[int, int, int]


def colour(text: str) -> Colour:
    """Return ``#rrggbb`` as numbers."""
    red, green, blue, *_ = ImageColor.getrgb(text)
    return red, green, blue


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Return the colour between two, ``share`` (0 to 1) of the way to the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


class Canvas:
    """A picture in the making."""

    def __init__(self, top: Colour, bottom: Colour) -> None:
        self.image = Image.new("RGB", (SIDE * FINE, SIDE * FINE))
        self.gradient(0, SIDE, [top, bottom])

    def gradient(self, y0: float, y1: float, stops: Sequence[Colour]) -> None:
        """Fill a band of the full width with colours that run into each other from top to bottom."""
        column = Image.new("RGB", (1, len(stops)))
        column.putdata(list(stops))
        height = round((y1 - y0) * FINE)
        # Scaled from the middle of the first pixel to the middle of the last: else both ends would be flat.
        band = column.resize((1, height), Image.Resampling.BILINEAR, box=(0, 0.5, 1, len(stops) - 0.5))
        self.image.paste(band.resize((SIDE * FINE, height)), (0, round(y0 * FINE)))

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: Colour) -> None:
        self._draw().ellipse(_scaled((x - rx, y - ry), (x + rx, y + ry)), fill=fill)

    def polygon(self, points: Sequence[Point], fill: Colour) -> None:
        self._draw().polygon(_scaled(*points), fill=fill)

    def box(self, x0: float, y0: float, x1: float, y1: float, fill: Colour, radius: float = 0) -> None:
        self._draw().rounded_rectangle(_scaled((x0, y0), (x1, y1)), radius=radius * FINE, fill=fill)

    def line(self, points: Sequence[Point], fill: Colour, width: float) -> None:
        self._draw().line(_scaled(*points), fill=fill, width=round(width * FINE), joint="curve")

    def arc(
        self, x: float, y: float, rx: float, ry: float, span: tuple[float, float], fill: Colour, width: float
    ) -> None:
        """Draw a part of an ellipse's edge; ``span`` in degrees, clockwise from three o'clock."""
        self._draw().arc(_scaled((x - rx, y - ry), (x + rx, y + ry)), *span, fill=fill, width=round(width * FINE))

    def glow(self, x: float, y: float, radius: float, fill: Colour, strength: float) -> None:
        """Lay light over what is there, fading outwards; ``strength`` from 0 to 1 is that of its middle."""
        small = Image.new("L", (SIDE, SIDE))  # it is blurred anyway
        ImageDraw.Draw(small).ellipse((x - radius, y - radius, x + radius, y + radius), fill=round(255 * strength))
        self.stencil(small.filter(ImageFilter.GaussianBlur(radius * 0.45)).resize(self.image.size), fill)

    def stencil(self, mask: Image.Image, fill: Colour) -> None:
        """Paint through a mask of the canvas's own resolution; see :func:`mask`."""
        self.image.paste(Image.new("RGB", self.image.size, fill), (0, 0), mask)

    def save(self, path: Path) -> None:
        """Write the finished JPEG, as good as fits into ``MAX_BYTES``; who reads meanwhile sees all of it or none."""
        finished = self.image.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        draft = path.with_suffix(f".{os.getpid()}")
        for quality in QUALITIES:
            finished.save(draft, "JPEG", quality=quality, optimize=True)
            if draft.stat().st_size <= MAX_BYTES:
                break
        draft.replace(path)

    def _draw(self) -> ImageDraw.ImageDraw:
        return ImageDraw.Draw(self.image)


def mask(*ellipses: tuple[float, float, float, float]) -> Image.Image:
    """Return a mask that is open where one of the ellipses (x, y, rx, ry) is."""
    made = Image.new("L", (SIDE * FINE, SIDE * FINE))
    draw = ImageDraw.Draw(made)
    for x, y, rx, ry in ellipses:
        draw.ellipse(_scaled((x - rx, y - ry), (x + rx, y + ry)), fill=255)
    return made


def _scaled(*points: Point) -> list[float]:
    return [part * FINE for point in points for part in point]
