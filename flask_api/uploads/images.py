"""Making a picture of ours out of somebody's: decoded, turned upright, made smaller, and written anew.

Nothing of the file that was sent is in the result but what is to be seen: no place, no camera, no comment, and no
second meaning of its bytes.
"""

import threading
import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MOST_PIXELS = 50_000_000  # of what is sent
LONGEST_SIDE = 2048  # of what is kept, in pixels
THUMBNAIL_SIDE = 320
QUALITY = 85

_one_at_a_time = threading.Lock()  # decoding 50 megapixels takes 200 MB


class ImageRefused(Exception):
    """It cannot be taken; ``reason`` is a stable word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture; sides in pixels."""

    data: bytes
    content_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Remade:
    """What is kept of an upload."""

    picture: Picture
    thumbnail: Picture


def remake(file: BinaryIO) -> Remade:
    """Make picture and thumbnail out of a file.

    Raises:
        ImageRefused: ``not_an_image``, ``too_many_pixels`` (looked up before anything is decoded) or ``damaged``.
    """
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # we look ourselves
        with _opened(file) as sent:
            try:
                image = _prepared(sent)
            except Exception:  # Pillow raises of many kinds on what is not as it should be
                raise ImageRefused("damaged") from None
        picture = _encoded(image)
        image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
        return Remade(picture, _encoded(image))


def _opened(file: BinaryIO) -> Image.Image:
    try:
        image = Image.open(file, formats=FORMATS)
    except Image.DecompressionBombError:
        raise ImageRefused("too_many_pixels") from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError):
        raise ImageRefused("not_an_image") from None
    if image.width * image.height > MOST_PIXELS:
        raise ImageRefused("too_many_pixels")
    return image


def _prepared(sent: Image.Image) -> Image.Image:
    """Return the first picture, upright, no longer than ``LONGEST_SIDE``, in plain colours."""
    sent.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a large JPEG is decoded at a fraction of its size
    has_alpha = "A" in sent.getbands() or "transparency" in sent.info
    sent.load()
    if sent.mode.startswith("I;16"):  # Pillow would cut off what is above 255
        grey = sent.convert("I").point(lambda value: value / 257).convert("L")
        image = grey.convert("RGB")
    else:
        image = sent.convert("RGBA" if has_alpha else "RGB")
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    image = ImageOps.exif_transpose(image)
    image.info = {}
    return image


def _encoded(image: Image.Image) -> Picture:
    """Write it: as WebP where one can see through, else as JPEG."""
    file = BytesIO()
    clean = Image.frombytes(image.mode, image.size, image.tobytes())
    if image.mode == "RGBA":
        clean.save(file, "WEBP", quality=QUALITY, method=4)
        return Picture(file.getvalue(), "image/webp", *image.size)
    clean.save(file, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return Picture(file.getvalue(), "image/jpeg", *image.size)
