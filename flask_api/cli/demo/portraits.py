"""Faces of nobody: flat, friendly, geometric."""

from random import Random

from PIL import Image, ImageChops, ImageDraw

from flask_api.cli.demo.canvas import FINE, SIDE, Canvas, Colour, colour, mask, mix

BACKGROUNDS = (
    ("#ffd9a0", "#ff9a8b"), ("#a8e6cf", "#4fb3bf"), ("#c9d6ff", "#7f8fe0"), ("#fbc2eb", "#a18cd1"),
    ("#fdf0c4", "#f4b860"), ("#b7e4f7", "#5aa9e6"), ("#ffe0e0", "#f48fa0"), ("#d8f3c8", "#7bc47f"),
    ("#e7d8c9", "#b08968"), ("#cfe8e5", "#3d8b8b"), ("#f7cad0", "#c9729f"), ("#d6e4f0", "#6d8fb3"),
)  # fmt: skip
SKINS = ("#fbdcc4", "#f5cba7", "#eab98f", "#d9a066", "#b97a4b", "#8d5a3a")
HAIRS = ("#231f20", "#2f2522", "#3d2b22", "#5a3a28", "#1d2233", "#8a5a36", "#b9b4ae")
CLOTHES = ("#2f4858", "#e76f51", "#f4f1de", "#3d5a80", "#81b29a", "#6d597a", "#e9c46a", "#264653", "#c1666b", "#f8f9fa")
STYLES = ("crop", "bob", "long", "bun", "curly", "parted", "ponytail", "beanie", "waves", "fringe", "quiff", "shaved")
BEARDED = ("crop", "parted", "quiff", "shaved", "beanie")

HEAD = (160.0, 152.0, 51.0, 62.0)
INK = colour("#3a2a2a")


def portrait(number: int) -> Canvas:
    """Draw the portrait of this number; the same one each time."""
    rng = Random(number * 7919)  # noqa: S311 - it draws pictures
    style = STYLES[number % len(STYLES)]
    skin = colour(SKINS[(number * 5 + number // 6) % len(SKINS)])
    hair = colour(HAIRS[(number * 3 + number // 7) % len(HAIRS)])
    clothes = colour(CLOTHES[(number * 7 + number // 5) % len(CLOTHES)])
    light, deep = (colour(text) for text in BACKGROUNDS[(number * 5 + number // 12) % len(BACKGROUNDS)])
    canvas = Canvas(light, deep)
    canvas.glow(rng.uniform(60, 260), rng.uniform(30, 120), 95, (255, 255, 255), 0.45)
    canvas.ellipse(rng.uniform(20, 60), rng.uniform(200, 260), 46, 46, mix(light, deep, 0.45))
    canvas.ellipse(rng.uniform(262, 300), rng.uniform(60, 200), 30, 30, mix(light, deep, 0.35))
    _hair_behind(canvas, style, hair)
    _body(canvas, rng, skin, clothes)
    _face(canvas, rng, skin, hair)
    if style in BEARDED and rng.random() < 0.55:
        _beard(canvas, hair if style != "shaved" else colour("#2f2522"))
    _mouth(canvas, rng, skin)
    _hair_in_front(canvas, style, hair, clothes)
    if rng.random() < 0.3:
        _glasses(canvas)
    return canvas


def _body(canvas: Canvas, rng: Random, skin: Colour, clothes: Colour) -> None:
    shade = mix(skin, INK, 0.16)
    canvas.ellipse(160, 330, 112, 92, clothes)
    canvas.box(136, 190, 184, 262, shade, radius=20)
    if rng.random() < 0.5:  # a round neck, or a V
        canvas.ellipse(160, 243, 33, 20, skin)
        canvas.box(137, 196, 183, 244, skin, radius=14)
        canvas.arc(160, 243, 36, 23, (5, 175), mix(clothes, INK, 0.25), 5)
    else:
        canvas.polygon([(126, 240), (194, 240), (160, 290)], skin)
        canvas.box(137, 196, 183, 246, skin, radius=14)
        canvas.line([(124, 240), (160, 292), (196, 240)], mix(clothes, (255, 255, 255), 0.35), 7)
    canvas.ellipse(160, 208, 25, 12, shade)  # the chin's shadow


def _face(canvas: Canvas, rng: Random, skin: Colour, hair: Colour) -> None:
    x, y, rx, ry = HEAD
    for side in (-1, 1):
        canvas.ellipse(x + side * rx, y + 6, 10, 14, mix(skin, INK, 0.08))
    canvas.ellipse(x, y, rx, ry, skin)
    look, brow = rng.uniform(-1.5, 1.5), rng.uniform(-3, 0.5)
    for side in (-1, 1):
        canvas.ellipse(x + side * 31, y + 24, 10, 7, mix(skin, colour("#ff6b6b"), 0.28))
        canvas.ellipse(x + side * 21 + look, y + 4, 5.2, 6.4, INK)
        canvas.ellipse(x + side * 21 + look + 1.8, y + 1.8, 1.7, 1.9, (255, 255, 255))
        tilt = side * brow
        ends = [(x + side * 21 - 11, y - 12 + tilt), (x + side * 21, y - 16), (x + side * 21 + 11, y - 12 - tilt)]
        canvas.line(ends, mix(hair, INK, 0.4), 4)
    canvas.arc(x, y + 17, 6, 6, (20, 160), mix(skin, INK, 0.32), 3)


def _mouth(canvas: Canvas, rng: Random, skin: Colour) -> None:
    x, y = HEAD[0], HEAD[1] + 32
    kind = rng.randrange(3)
    lips = mix(skin, colour("#b3344a"), 0.75)
    if kind == 0:  # an open laugh
        smile = ImageChops.subtract(mask((x, y, 18, 15)), mask((x, y - 17, 60, 17)))
        canvas.stencil(smile, mix(lips, INK, 0.35))
        canvas.stencil(ImageChops.multiply(smile, mask((x, y - 1, 14, 4.5))), (255, 255, 255))
    elif kind == 1:
        canvas.arc(x, y - 5, 17, 13, (20, 160), lips, 4.2)
    else:  # half a smile
        canvas.arc(x + 3, y - 5, 15, 11, (25, 140), lips, 4.2)


def _beard(canvas: Canvas, hair: Colour) -> None:
    x, y, rx, ry = HEAD
    beard = ImageChops.subtract(mask((x, y, rx, ry + 5)), mask((x, y - 8, rx - 7, 44), (x, y - 32, rx + 8, 36)))
    canvas.stencil(beard, hair)


def _hair_behind(canvas: Canvas, style: str, hair: Colour) -> None:
    x, y, rx, _ = HEAD
    dark = mix(hair, (0, 0, 0), 0.18)
    if style in ("bob", "fringe"):
        canvas.box(x - rx - 17, y - 68, x + rx + 17, y + 68, dark, radius=58)
    elif style == "long":
        canvas.box(x - rx - 20, y - 70, x + rx + 20, y + 140, dark, radius=62)
    elif style == "waves":
        for step in range(6):
            for side in (-1, 1):
                canvas.ellipse(x + side * (50 + 6 * (step % 2)), y - 20 + step * 24, 27, 24, dark)
    elif style == "bun":
        canvas.ellipse(x, y - 78, 27, 25, dark)
    elif style == "ponytail":
        canvas.ellipse(x + 62, y - 18, 26, 34, dark)
        canvas.ellipse(x + 70, y + 28, 18, 48, dark)
    elif style == "curly":
        for dx, dy in ((-52, 10), (52, 10), (-58, -18), (58, -18), (-46, 36), (46, 36)):
            canvas.ellipse(x + dx, y + dy, 23, 23, dark)


def _hair_in_front(canvas: Canvas, style: str, hair: Colour, clothes: Colour) -> None:
    x, y, rx, ry = HEAD
    cap = mask((x, y - 5, rx + 6, ry + 6))
    face = {
        "parted": mask((x + 16, y + 30, rx + 4, ry)),
        "ponytail": mask((x - 14, y + 30, rx + 4, ry)),
        "long": mask((x - 24, y + 44, 40, 78), (x + 24, y + 44, 40, 78), (x, y + 60, rx + 8, 62)),
        "waves": mask((x + 12, y + 34, rx, ry)),
        "fringe": _below(y - 22),
        "bob": mask((x, y + 36, rx + 1, ry)),
        "quiff": mask((x, y + 30, rx - 3, ry + 2)),
    }.get(style, mask((x, y + 28, rx + 2, ry)))
    if style == "shaved":
        canvas.stencil(
            ImageChops.subtract(mask((x, y, rx, ry)), mask((x, y + 24, rx + 6, ry + 4))), mix(hair, (90, 80, 80), 0.35)
        )
        return
    if style == "beanie":
        knit = mix(clothes, colour("#e76f51"), 0.7)
        canvas.stencil(ImageChops.subtract(mask((x, y - 14, rx + 8, ry + 4)), _below(y - 30)), knit)
        canvas.box(x - rx - 9, y - 42, x + rx + 9, y - 22, mix(knit, (255, 255, 255), 0.25), radius=9)
        canvas.ellipse(x, y - 82, 13, 13, mix(knit, (255, 255, 255), 0.25))
        return
    # Only the upper half: lower down hair would cover the cheeks.
    canvas.stencil(ImageChops.subtract(ImageChops.subtract(cap, face), _below(y + 8)), hair)
    if style == "curly":
        for dx, dy in ((-40, -42), (-20, -56), (2, -61), (24, -55), (42, -40), (-52, -20), (52, -20)):
            canvas.ellipse(x + dx, y + dy, 19, 18, hair)
    elif style == "quiff":
        canvas.ellipse(x - 14, y - 58, 36, 17, hair)
        canvas.ellipse(x + 16, y - 64, 34, 19, hair)
    elif style == "bun":
        canvas.ellipse(x, y - 80, 23, 21, hair)


def _below(y: float) -> Image.Image:
    """Return a mask that is open below a height."""
    made = mask()
    ImageDraw.Draw(made).rectangle((0, y * FINE, SIDE * FINE, SIDE * FINE), fill=255)
    return made


def _glasses(canvas: Canvas) -> None:
    x, y = HEAD[0], HEAD[1] + 4
    for side in (-1, 1):
        canvas.arc(x + side * 22, y, 17, 16, (0, 360), INK, 3)
        canvas.line([(x + side * 39, y - 3), (x + side * 51, y - 6)], INK, 3)
    canvas.arc(x, y - 2, 6, 5, (190, 350), INK, 3)
