"""The pool of pictures that avatars and albums show: drawn once, at ``<data_dir>/media/demo/NN.jpg``."""

from collections.abc import Callable
from pathlib import Path

from flask_api.cli.demo.canvas import Canvas
from flask_api.cli.demo.landscapes import MOTIFS, landscape
from flask_api.cli.demo.portraits import STYLES, portrait

PORTRAITS = 24
LANDSCAPES = 24
COUNT = PORTRAITS + LANDSCAPES
MALE_STYLES = ("crop", "parted", "beanie", "quiff", "shaved", "curly")
FEMALE_STYLES = ("bob", "long", "bun", "ponytail", "waves", "fringe", "curly")


def address(number: int) -> str:
    """Return the address under which the server answers with a picture; numbers from 1."""
    return f"/media/demo/{number:02d}.jpg"


def _of_style(styles: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(address(number + 1) for number in range(PORTRAITS) if STYLES[number % len(STYLES)] in styles)


FACES = {"male": _of_style(MALE_STYLES), "female": _of_style(FEMALE_STYLES), "other": _of_style(STYLES)}
VIEWS = tuple(
    (MOTIFS[number % len(MOTIFS)], address(PORTRAITS + number + 1)) for number in range(LANDSCAPES)
)  # motif, address


def write_pictures(data_dir: Path, report: Callable[[], object] = lambda: None) -> int:
    """Draw the pictures that are not there yet, 0.1 s each; return how many. ``report`` is called after each.

    Raises:
        OSError: the folder cannot be written to.
    """
    folder = data_dir / "media" / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    drawn = 0
    for number in range(1, COUNT + 1):
        path = folder / f"{number:02d}.jpg"
        if not path.exists():
            _draw(number).save(path)
            drawn += 1
        report()
    return drawn


def _draw(number: int) -> Canvas:
    return portrait(number - 1) if number <= PORTRAITS else landscape(number - 1 - PORTRAITS)
