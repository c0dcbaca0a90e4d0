"""Making a picture of ours out of somebody's: decoded, turned upright, made smaller, and written anew.

Nothing of the file that was sent is in the result but what is to be seen: no place, no camera, no comment, and no
second meaning of its bytes.
"""

import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MOST_PIXELS = 50_000_000  # of what is sent
MOST_DECODED = 25_000_000  # of what is decoded whole, which a large JPEG is not
MOST_SCANS = 100  # of a JPEG; cameras and programs write 10 or so
LONGEST_SIDE = 2048  # of what is kept, in pixels
THUMBNAIL_SIDE = 320
QUALITY = 85
PATIENCE = 15  # seconds that a picture waits for the one before; the costliest that is taken needs 3
PIECE = 1024 * 1024

# Start of scan (ITU-T T.81 §B.2.3): the marker, its length, and 1 to 4 components. libjpeg takes no other.
_SCAN = re.compile(rb"\xff\xda\x00(?:\x08\x01|\x0a\x02|\x0c\x03|\x0e\x04)")
_one_at_a_time = threading.Lock()  # decoding the largest takes 450 MB


class ImageRefused(Exception):
    """It cannot be taken; ``reason`` is a stable word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ImagesBusy(Exception):
    """Another picture has been worked on for ``PATIENCE`` seconds."""


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
        ImageRefused: ``not_an_image``, ``too_many_pixels``, ``too_many_scans`` (looked up before anything is decoded)
            or ``damaged``.
        ImagesBusy: try again later.
    """
    with _turn(), warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # we look ourselves
        with _opened(file) as sent:
            try:
                image = _prepared(sent)
            except Exception:  # Pillow raises of many kinds on what is not as it should be
                raise ImageRefused("damaged") from None
        picture = _encoded(image)
        image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
        return Remade(picture, _encoded(image))


@contextmanager
def _turn() -> Iterator[None]:
    if not _one_at_a_time.acquire(timeout=PATIENCE):
        raise ImagesBusy
    try:
        yield
    finally:
        _one_at_a_time.release()


def _opened(file: BinaryIO) -> Image.Image:
    """Open it, and refuse what would take too long or too much memory to decode."""
    try:
        image = Image.open(file, formats=FORMATS)
    except Image.DecompressionBombError:
        raise ImageRefused("too_many_pixels") from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError):
        raise ImageRefused("not_an_image") from None
    if image.width * image.height > MOST_PIXELS:
        raise ImageRefused("too_many_pixels")
    scale = max(1, max(image.size) / LONGEST_SIDE)
    # A large JPEG is decoded at a fraction of its size, which is its size from here on.
    image.draft("RGB", (max(1, int(image.width / scale)), max(1, int(image.height / scale))))
    if image.width * image.height > MOST_DECODED:
        raise ImageRefused("too_many_pixels")
    if _has_too_many_scans(file):
        raise ImageRefused("too_many_scans")
    return image


def _has_too_many_scans(file: BinaryIO) -> bool:
    """Return whether it costs far more to decode than its size tells: each scan of a JPEG goes over all of it."""
    place = file.tell()
    file.seek(0)
    count, before = 0, b""
    while piece := file.read(PIECE):
        count += len(_SCAN.findall(before + piece))
        before = piece[-4:]  # one that is cut in two is found with the next piece
    file.seek(place)
    return count > MOST_SCANS


def _prepared(sent: Image.Image) -> Image.Image:
    """Return the first picture, upright, no longer than ``LONGEST_SIDE``, in plain colours.

    It is made smaller first where its mode allows that, since every conversion is a copy.
    """
    mode = "RGBA" if "A" in sent.getbands() or "transparency" in sent.info else "RGB"
    sent.load()
    image, is_wide = sent, sent.mode.startswith("I;16")
    if is_wide:
        image = sent.convert("I")
    elif sent.mode in ("1", "P", "PA") or "transparency" in sent.info:
        image = sent.convert(mode)
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    image = ImageOps.exif_transpose(image)
    if is_wide:  # Pillow would cut off what is above 255
        image = image.point(lambda value: value / 257).convert("L")
    if image.mode != mode:
        image = image.convert(mode)
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
