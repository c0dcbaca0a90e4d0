"""Files that are not what they say, or more than that (threats.md: uploads)."""

import io
import struct
import zlib

import pytest
from PIL import Image, PngImagePlugin

from flask_api.uploads import images
from flask_api.uploads.containers import types_of
from tests.factories import Factory

from .sending import PLACE, bomb, film, media, photo, send, stored

SCRIPT = b"<script>alert(1)</script>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def png_header(width: int, height: int) -> bytes:
    """A PNG that says it is as large as that, in a hundred bytes."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (SVG, "not_an_image"),
        (b"<!doctype html>" + SCRIPT, "not_an_image"),
        (b"GIF89a" + SCRIPT, "not_an_image"),
        (b"\x89PNG\r\n\x1a\n" + SCRIPT, "not_an_image"),
        (b"../../../etc/passwd", "not_an_image"),
        (b"\0", "not_an_image"),
        (photo("BMP"), "not_an_image"),
        (photo("TIFF"), "not_an_image"),
        (photo()[:2000], "damaged"),
        (photo("PNG")[:500], "damaged"),
        (png_header(30_000, 30_000), "too_many_pixels"),
        (png_header(2**31 - 1, 2**31 - 1), "too_many_pixels"),
        (bomb(10_000, 9_000), "too_many_pixels"),
        (film(), "not_an_image"),
    ],
)
def test_what_is_no_picture_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(images.ImageRefused, match=reason):
        images.remake(io.BytesIO(content))


def test_refused_file_is_deleted_and_its_sender_is_told_why(make: Factory) -> None:
    me = make.user()
    shown = send(me, SVG, "photo", "image/png")
    told = (shown["state"], shown["reason"], shown["url"], shown["thumbnail_url"])
    assert told == ("refused", "not_an_image", None, None)
    shown = send(me, SVG, "video", "video/mp4")
    assert (shown["state"], shown["reason"], shown["url"]) == ("refused", "wrong_type", None)
    assert stored(me) == []


@pytest.mark.parametrize(
    "content",
    [
        b"<!doctype html>" + SCRIPT,
        SVG,
        photo(),
        film(b"heic"),
        b"\x1a\x45\xdf\xa3" + b"\0" * 20 + b"\x42\x82\x88matroska",
        b"MZ" + b"\0" * 100,
        b"x" + film(),
        b"\0\0\0\x18ftyp",
        b"",
    ],
    ids=["html", "svg", "jpeg", "heic", "matroska", "exe", "later", "short", "empty"],
)
def test_what_is_no_sound_or_film_is_of_no_type(content: bytes) -> None:
    assert types_of(content) == set()


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"OggS\0\2", "audio/ogg"),
        (b"ID3\4\0\0", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        (b"\xff\xf1\x50\x80", "audio/aac"),
        (b"#!AMR\n<", "audio/amr"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
        (film(b"M4A "), "audio/mp4"),
        (film(b"isom"), "video/mp4"),
        (film(b"qt  "), "video/quicktime"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", "audio/webm"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_container_of_sound_and_film_is_known(content: bytes, content_type: str) -> None:
    assert content_type in types_of(content + b"\0" * 60)


def test_sound_that_is_another_than_was_said_is_refused(make: Factory) -> None:
    assert send(make.user(), film(), "voice", "audio/mpeg")["reason"] == "wrong_type"


@pytest.mark.parametrize(("form", "content_type"), [("GIF", "image/gif"), ("JPEG", "image/jpeg"), ("PNG", "image/png")])
def test_second_meaning_of_a_file_does_not_survive(make: Factory, form: str, content_type: str) -> None:
    me = make.user()
    polyglot = photo(form) + b"*/=1;" + SCRIPT
    shown = send(me, polyglot, "photo", content_type)
    assert shown["state"] == "ready"
    for path in stored(me):
        assert b"script" not in path.read_bytes()


def with_everything(form: str) -> bytes:
    """A picture that tells where it was taken, by whom, and more, in all ways its form knows."""
    exif = Image.Exif()
    exif[0x010E] = PLACE.decode()  # description
    exif[0x0110] = "CANARY camera"
    exif[0x9286] = b"ASCII\0\0\0CANARY comment"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[0x1D] = "CANARY:12:31"
    options: dict[str, object] = {"exif": exif, "icc_profile": b"CANARY profile" * 10}
    if form == "JPEG":
        options["comment"] = b"CANARY comment"
        options["xmp"] = b"<x:xmpmeta>CANARY</x:xmpmeta>"
    if form == "WEBP":
        options["xmp"] = b"<x:xmpmeta>CANARY</x:xmpmeta>"
    if form == "PNG":
        told = PngImagePlugin.PngInfo()
        told.add_text("Location", PLACE.decode())
        told.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta>CANARY</x:xmpmeta>")
        options["pnginfo"] = told
    return photo(form, **options) + b"CANARY at the end"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_nothing_but_the_picture_itself_is_kept(make: Factory, form: str) -> None:
    sent = with_everything(form)
    assert b"CANARY" in sent
    me = make.user()
    shown = send(me, sent, "photo", f"image/{form.lower()}")
    assert len(stored(me)) == 2
    for url in (shown["url"], shown["thumbnail_url"]):
        content = media(me, url).read_bytes()
        assert b"CANARY" not in content
        assert PLACE not in content
        with Image.open(io.BytesIO(content)) as image:
            assert dict(image.getexif()) == {}
            assert image.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive",
                                         "progression", "loop", "background", "timestamp", "duration"}  # fmt: skip


def corner(content: bytes, x: int, y: int) -> str:
    with Image.open(io.BytesIO(content)) as image:
        colour = image.convert("RGB").getpixel((int(x * (image.width - 1)), int(y * (image.height - 1))))
        assert isinstance(colour, tuple)
        return "red" if colour[0] > colour[2] else "blue"


@pytest.mark.parametrize(("orientation", "red"), [(1, (0, 0)), (3, (1, 1)), (6, (1, 0)), (8, (0, 1))])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_picture_is_turned_as_its_camera_was_held(form: str, orientation: int, red: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    remade = images.remake(io.BytesIO(photo(form, size=(640, 480), exif=exif)))
    for made in (remade.picture, remade.thumbnail):
        reds = [(x, y) for x in (0, 1) for y in (0, 1) if corner(made.data, x, y) == "red"]
        assert reds == [red]
    assert (remade.picture.width, remade.picture.height) == ((640, 480) if orientation in (1, 3) else (480, 640))


@pytest.mark.parametrize(
    ("form", "mode", "made"),
    [
        ("JPEG", "RGB", "image/jpeg"),
        ("JPEG", "L", "image/jpeg"),
        ("JPEG", "CMYK", "image/jpeg"),
        ("PNG", "P", "image/jpeg"),
        ("PNG", "1", "image/jpeg"),
        ("PNG", "I;16", "image/jpeg"),
        ("PNG", "LA", "image/webp"),
        ("PNG", "RGBA", "image/webp"),
        ("WEBP", "RGBA", "image/jpeg"),  # nothing of it can be seen through
        ("GIF", "P", "image/jpeg"),
    ],
)
def test_every_way_of_colouring_is_taken(form: str, mode: str, made: str) -> None:
    remade = images.remake(io.BytesIO(photo(form, mode=mode)))
    assert (remade.picture.content_type, remade.thumbnail.content_type) == (made, made)


def test_grey_of_16_bits_stays_as_grey_as_it_is() -> None:
    file = io.BytesIO()
    Image.new("I;16", (10, 10), 128 * 257).save(file, "PNG")
    with Image.open(io.BytesIO(images.remake(file).picture.data)) as image:
        assert image.convert("L").getpixel((5, 5)) == 128


def test_large_picture_is_made_smaller_and_a_small_one_is_not_made_larger() -> None:
    large = images.remake(io.BytesIO(photo(size=(5000, 2500))))
    assert (large.picture.width, large.picture.height) == (2048, 1024)
    assert (large.thumbnail.width, large.thumbnail.height) == (320, 160)
    small = images.remake(io.BytesIO(photo(size=(3, 1))))
    assert (small.picture.width, small.thumbnail.height) == (3, 1)
    narrow = images.remake(io.BytesIO(photo("PNG", size=(20_000, 1))))
    assert (narrow.picture.width, narrow.picture.height) == (2048, 1)


def test_of_moving_pictures_the_first_is_kept(make: Factory) -> None:
    first, second = Image.new("RGB", (10, 10), "red"), Image.new("RGB", (10, 10), "blue")
    for form in ("GIF", "WEBP"):
        file = io.BytesIO()
        first.save(file, form, save_all=True, append_images=[second] * 50)
        with Image.open(io.BytesIO(images.remake(file).picture.data)) as image:
            assert getattr(image, "n_frames", 1) == 1
            assert corner(images.remake(file).picture.data, 0, 0) == "red"
