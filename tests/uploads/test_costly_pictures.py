"""Pictures that cost far more than their size tells (threats.md: uploads)."""

import io
import re
import time

import pytest

from flask_api.uploads import images

from .sending import bomb, photo


def with_scans(count: int) -> bytes:
    """A progressive JPEG that tells its last scan so often that there are ``count`` of them."""
    content = photo(size=(32, 32), progressive=True)
    starts = [found.start() for found in re.finditer(b"\xff\xda", content)]
    return content[:-2] + content[starts[-1] : -2] * (count - len(starts)) + content[-2:]


def test_jpeg_that_goes_over_itself_again_and_again_is_refused_before_it_is_decoded() -> None:
    images.remake(io.BytesIO(with_scans(images.MOST_SCANS)))
    for content in (with_scans(images.MOST_SCANS + 1), with_scans(300_000)):
        began = time.process_time()
        with pytest.raises(images.ImageRefused, match="too_many_scans"):
            images.remake(io.BytesIO(content))
        assert time.process_time() - began < 1


def test_scan_that_is_cut_in_two_by_the_end_of_a_piece_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    for piece in (5, 7, 64):
        monkeypatch.setattr(images, "PIECE", piece)
        images.remake(io.BytesIO(with_scans(images.MOST_SCANS)))
        with pytest.raises(images.ImageRefused, match="too_many_scans"):
            images.remake(io.BytesIO(with_scans(images.MOST_SCANS + 1)))


def test_picture_does_not_wait_without_end_for_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "PATIENCE", 0.05)
    with images._one_at_a_time, pytest.raises(images.ImagesBusy):
        images.remake(io.BytesIO(photo()))
    images.remake(io.BytesIO(photo()))


def test_what_cannot_be_decoded_at_a_fraction_of_its_size_may_have_half_the_pixels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(images, "MOST_DECODED", 2048 * 1024 - 1)
    with pytest.raises(images.ImageRefused, match="too_many_pixels"):
        images.remake(io.BytesIO(photo("PNG", size=(2048, 1024))))
    for size in ((2047, 1024), (100, 100)):
        images.remake(io.BytesIO(photo("PNG", size=size)))
    monkeypatch.setattr(images, "MOST_DECODED", 2048 * 512)
    assert images.remake(io.BytesIO(photo(size=(4096, 1024)))).picture.width == 2048
    with pytest.raises(images.ImageRefused, match="too_many_pixels"):
        images.remake(io.BytesIO(bomb(5001, 5000)))
