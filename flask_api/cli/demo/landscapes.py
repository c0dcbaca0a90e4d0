"""Places that are nowhere: hills, lakes, the sea, cities, dunes, forests, at all hours."""

import math
from collections.abc import Callable
from random import Random

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

from flask_api.cli.demo.canvas import FINE, SIDE, Canvas, Colour, Point, colour, mask, mix

# Of each hour: the sky from top to horizon, the light, the far and the near ground.
HOURS: dict[str, tuple[str, ...]] = {
    "dawn": ("#5d6fa8", "#c78fb0", "#ffd3b0", "#fff0d0", "#a98fb8", "#3b3f68"),
    "noon": ("#4a9fe0", "#8fcbf0", "#dff3fb", "#ffffff", "#8fb8b0", "#2f6b4f"),
    "dusk": ("#3c2a5e", "#b5446e", "#ff9e5e", "#ffe29a", "#9a4c74", "#2a1c40"),
    "night": ("#0b1030", "#1c2757", "#3f4f8c", "#f4f0d8", "#34427a", "#0b1130"),
}
MOTIFS = ("hills", "lake", "sea", "city", "dunes", "forest")


def landscape(number: int) -> Canvas:
    """Draw the landscape of this number, the same one each time; its motif is ``MOTIFS[number % len(MOTIFS)]``."""
    rng = Random(number * 104729)  # noqa: S311 - it draws pictures
    motif = MOTIFS[number % len(MOTIFS)]
    hour = list(HOURS)[(number // len(MOTIFS) + number) % len(HOURS)]
    high, middle, low, light, far, near = (colour(text) for text in HOURS[hour])
    horizon = {"sea": 175, "lake": 190, "dunes": 190, "city": 250}.get(motif, 200)
    canvas = Canvas(high, low)
    canvas.gradient(0, horizon + 30, [high, middle, low])
    x, y = rng.uniform(70, 250), {"noon": 62.0, "night": 70.0}.get(hour, horizon - rng.uniform(35, 60))
    if hour == "night":
        for _ in range(70):
            size = rng.uniform(0.4, 1.3)
            canvas.ellipse(rng.uniform(0, SIDE), rng.uniform(0, horizon - 20), size, size, mix(middle, light, 0.85))
    canvas.glow(x, y, 78, light, 0.55 if hour != "noon" else 0.4)
    if hour == "night":
        canvas.stencil(ImageChops.subtract(mask((x, y, 22, 22)), mask((x + 9, y - 5, 19, 19))), light)  # a crescent
    else:
        canvas.ellipse(x, y, 22, 22, light)
        _clouds(canvas, rng, mix(low, (255, 255, 255), 0.55), horizon)
    _PAINTERS[motif](canvas, rng, far, near, light, horizon, x)
    return canvas


def _clouds(canvas: Canvas, rng: Random, fill: Colour, horizon: float) -> None:
    for _ in range(rng.randrange(2, 4)):
        x, y, size = rng.uniform(20, 300), rng.uniform(30, horizon - 90), rng.uniform(0.6, 1.1)
        layer = Image.new("L", (SIDE, SIDE))
        cloud = Canvas((0, 0, 0), (0, 0, 0))
        for dx, dy, radius in ((-30, 4, 12), (-14, -4, 17), (6, -8, 20), (26, 1, 14)):
            cloud.ellipse(x + dx * size, y + dy * size, radius * size * 1.3, radius * size * 0.62, (150, 150, 150))
        layer = cloud.image.convert("L").resize((SIDE, SIDE)).filter(ImageFilter.GaussianBlur(2.2))
        canvas.stencil(layer.resize(canvas.image.size), fill)


def _ridge(rng: Random, base: float, height: float, roughness: float) -> list[Point]:
    """Return the outline of a chain of hills, from left to right."""
    waves = [(rng.uniform(0.5, 1.2) * (k + 1), rng.uniform(0, 6.3), height / (k + 1) ** roughness) for k in range(6)]
    outline = []
    for x in range(-4, SIDE + 8, 4):
        rise = sum(size * math.sin(x / SIDE * 6.3 * pace + shift) for pace, shift, size in waves)
        outline.append((float(x), base - rise * 0.6))
    return outline


def _ground(canvas: Canvas, outline: list[Point], fill: Colour) -> None:
    canvas.polygon([(-9, SIDE + 9), *outline, (SIDE + 9, SIDE + 9)], fill)


def _hills(canvas: Canvas, rng: Random, far: Colour, near: Colour, light: Colour, horizon: float, _x: float) -> None:
    for layer in range(5):
        share = layer / 4
        fill = mix(mix(far, light, 0.35), near, share)
        _ground(canvas, _ridge(rng, horizon - 28 + layer * 33, 30 - layer * 3, 1.1 + share), fill)


def _peaks(canvas: Canvas, rng: Random, far: Colour, near: Colour, light: Colour, foot: float) -> None:
    """Draw mountains with snow on their sunny sides, and trees at their feet."""
    for depth, count, tall in ((0.15, 5, 105.0), (0.5, 4, 78.0)):
        body = mix(far, near, depth)
        for index in range(count):
            x = (index + rng.uniform(0.1, 0.9)) * SIDE / count
            height, half = tall * rng.uniform(0.7, 1.1), tall * rng.uniform(0.8, 1.1)
            top = foot - height
            canvas.polygon([(x - half, foot), (x, top), (x + half, foot)], body)
            canvas.polygon([(x, top), (x + half, foot), (x + half * 0.1, foot)], mix(body, near, 0.35))
            cut, snow = height * 0.27, mix(body, (255, 255, 255), 0.72)
            wide = half * 0.27
            zigzag = [(x + wide, top + cut), (x + wide * 0.4, top + cut * 0.75), (x, top + cut * 1.15)]
            zigzag += [(x - wide * 0.45, top + cut * 0.8), (x - wide, top + cut)]
            canvas.polygon([(x, top), *zigzag], snow)
    _ground(canvas, _ridge(rng, foot - 4, 7, 1.4), mix(far, near, 0.75))
    canvas.glow(160, foot, 60, light, 0.12)


def _lake(canvas: Canvas, rng: Random, far: Colour, near: Colour, light: Colour, horizon: float, _x: float) -> None:
    _peaks(canvas, rng, far, near, light, horizon)
    edge = round(horizon * FINE)
    above = canvas.image.crop((0, 2 * edge - SIDE * FINE, SIDE * FINE, edge))
    mirror = ImageEnhance.Brightness(ImageOps.flip(above)).enhance(0.82).filter(ImageFilter.GaussianBlur(FINE * 1.1))
    canvas.image.paste(mirror, (0, edge))
    for _ in range(46):
        y = horizon + 3 + rng.random() ** 1.5 * (SIDE - horizon)
        x, length = rng.uniform(0, SIDE), (y - horizon) * 0.35 + 8
        canvas.line([(x - length, y), (x + length, y)], mix(far, light, rng.uniform(0.1, 0.75)), 0.7)
    _boat(canvas, rng.uniform(90, 230), horizon + 62, mix(near, (20, 10, 20), 0.4))


def _boat(canvas: Canvas, x: float, y: float, fill: Colour) -> None:
    canvas.polygon([(x - 22, y), (x + 22, y), (x + 14, y + 8), (x - 14, y + 8)], fill)
    canvas.line([(x, y), (x, y - 34)], fill, 1.6)
    canvas.polygon([(x + 2, y - 32), (x + 2, y - 5), (x + 19, y - 5)], (250, 244, 232))
    canvas.polygon([(x - 2, y - 27), (x - 2, y - 5), (x - 14, y - 5)], (232, 220, 208))


def _sea(canvas: Canvas, rng: Random, far: Colour, near: Colour, light: Colour, horizon: float, x: float) -> None:
    foot = -20 if x > SIDE / 2 else SIDE + 20
    canvas.ellipse(foot, horizon + 6, rng.uniform(100, 140), rng.uniform(26, 40), mix(far, near, 0.6))  # a headland
    deep = mix(near, colour("#0d4a6b"), 0.55)
    canvas.gradient(horizon, SIDE, [mix(far, light, 0.25), mix(far, deep, 0.6), deep])
    for step in range(90):  # the light's path on the water, wider towards us
        y = horizon + 1 + (step / 90) ** 1.6 * 105
        reach = 6 + (y - horizon) * 0.5
        middle, half = x + rng.uniform(-reach, reach), rng.uniform(2, 7) + (y - horizon) * 0.06
        canvas.line([(middle - half, y), (middle + half, y)], mix(far, light, rng.uniform(0.5, 1)), 1.2)
    canvas.gradient(SIDE - 42, SIDE - 30, [mix(deep, light, 0.15), mix(light, (255, 255, 255), 0.3)])
    sand = mix(colour("#ecd2a0"), near, 0.25)
    _ground(canvas, _ridge(rng, SIDE - 33, 5, 2), mix(light, (255, 255, 255), 0.5))  # foam
    _ground(canvas, _ridge(rng, SIDE - 24, 5, 2), sand)  # the beach


def _city(canvas: Canvas, rng: Random, far: Colour, near: Colour, light: Colour, horizon: float, _x: float) -> None:
    lamp = mix(colour("#ffd773"), light, 0.25)
    far, near = mix(far, colour("#7d8fb3"), 0.35), mix(near, colour("#2c3a5e"), 0.6)
    for share, tall, wide in ((0.1, 130, 20), (0.5, 100, 26), (0.95, 66, 34)):
        body, x = mix(far, near, share), -10.0
        while x < SIDE:
            width, height = rng.uniform(0.7, 1.3) * wide, rng.uniform(0.45, 1.15) * tall
            top = horizon - height + share * 45
            canvas.box(x, top, x + width, SIDE, body)
            if rng.random() < 0.3:
                canvas.line([(x + width / 2, top), (x + width / 2, top - 14)], body, 1.5)
            if share > 0.3:
                _windows(canvas, rng, x, top, width, lamp)
            x += width + rng.uniform(0, 4)
    canvas.glow(160, SIDE, 90, lamp, 0.22)


def _windows(canvas: Canvas, rng: Random, x: float, top: float, width: float, lamp: Colour) -> None:
    for row in range(int((SIDE - top) / 9)):
        for column in range(int((width - 5) / 6.5)):
            if rng.random() < 0.4:
                left, upper = x + 3.5 + column * 6.5, top + 6 + row * 9
                canvas.box(left, upper, left + 3, upper + 4.2, mix(lamp, (255, 255, 255), rng.uniform(0, 0.3)))


def _dunes(canvas: Canvas, rng: Random, far: Colour, near: Colour, light: Colour, horizon: float, _x: float) -> None:
    sand, shade = mix(colour("#f0c27b"), far, 0.2), mix(colour("#8a4f38"), near, 0.4)
    for layer in range(4):
        crest = _ridge(rng, horizon + 2 + layer * 34, 20 + layer * 4, 1.9)
        body = mix(mix(sand, light, 0.4), sand, layer / 3)
        _ground(canvas, crest, body)
        # The side that the wind left steep lies in shadow.
        peak = min(range(12, len(crest) // 2), key=lambda index: crest[index][1])
        top = crest[peak]
        slope = [(x, y + (x - top[0]) * 0.55) for x, y in crest[peak:]]
        canvas.polygon([*crest[peak:], *reversed(slope)], mix(body, shade, 0.55))


def _forest(canvas: Canvas, rng: Random, far: Colour, near: Colour, light: Colour, horizon: float, _x: float) -> None:
    green = mix(near, colour("#14432f"), 0.45)
    _ground(canvas, _ridge(rng, horizon - 40, 34, 1.2), mix(far, light, 0.3))
    for layer in range(4):
        fill = mix(mix(far, light, 0.1), green, (layer + 1) / 4)
        outline = _ridge(rng, horizon + layer * 34, 12, 1.5)
        _ground(canvas, outline, fill)
        for x, y in outline:
            if rng.random() < 0.62 - layer * 0.06:
                _pine(canvas, x + rng.uniform(-3, 3), y + 6, (17 + layer * 11) * rng.uniform(0.7, 1.25), fill)


def _pine(canvas: Canvas, x: float, foot: float, height: float, fill: Colour) -> None:
    for level in range(3):
        top, half = foot - height + level * height * 0.24, height * (0.13 + level * 0.075)
        canvas.polygon([(x, top), (x - half, top + height * 0.42), (x + half, top + height * 0.42)], fill)
    canvas.line([(x, foot), (x, foot - height * 0.3)], fill, max(1.0, height * 0.05))


_PAINTERS: dict[str, Callable[[Canvas, Random, Colour, Colour, Colour, float, float], None]] = {
    "hills": _hills,
    "lake": _lake,
    "sea": _sea,
    "city": _city,
    "dunes": _dunes,
    "forest": _forest,
}
