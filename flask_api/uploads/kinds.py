"""What may be uploaded: the one table of kinds, types and sizes."""

from dataclasses import dataclass

MEGABYTE = 1024 * 1024

IMAGES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
VOICES = frozenset(
    {"audio/aac", "audio/amr", "audio/mp4", "audio/mpeg", "audio/ogg", "audio/wav", "audio/webm"},
)
VIDEOS = frozenset({"video/mp4", "video/quicktime", "video/webm"})


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of upload; ``largest`` in bytes. Of an animated GIF or WebP the first picture is kept."""

    types: frozenset[str]
    largest: int
    is_image: bool = False


KINDS = {
    "avatar": Kind(IMAGES, 20 * MEGABYTE, is_image=True),
    "photo": Kind(IMAGES, 20 * MEGABYTE, is_image=True),
    "voice": Kind(VOICES, 5 * MEGABYTE),
    "video": Kind(VIDEOS, 100 * MEGABYTE),
}
GRANTED = tuple(name for name in KINDS if name != "avatar")  # an avatar is a photo; the release before had them apart
TYPES = sorted(frozenset().union(*(kind.types for kind in KINDS.values())))
