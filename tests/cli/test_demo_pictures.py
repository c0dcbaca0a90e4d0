"""The pictures of the demo: small JPEGs, which the server's media handler hands out safely."""

import asyncio
from pathlib import Path

import pytest
from PIL import Image
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application

from flask_api.cli.demo import pictures
from flask_api.server.media import media_rule


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    assert pictures.write_pictures(folder) == pictures.COUNT
    return folder


def test_they_are_small_jpegs_and_all_different(data_dir: Path) -> None:
    files = sorted((data_dir / "media" / "demo").iterdir())
    assert [file.name for file in files] == [f"{number:02d}.jpg" for number in range(1, 49)]
    assert len({file.read_bytes() for file in files}) == len(files)
    for file in files:
        assert file.stat().st_size < 15 * 1024
        with Image.open(file) as picture:
            assert (picture.format, picture.size) == ("JPEG", (320, 320))


def test_only_missing_ones_are_drawn_and_come_out_the_same(data_dir: Path) -> None:
    lost = data_dir / "media" / "demo" / "31.jpg"
    before = lost.read_bytes()
    lost.unlink()
    assert pictures.write_pictures(data_dir) == 1
    assert lost.read_bytes() == before
    assert pictures.write_pictures(data_dir) == 0


def test_the_server_hands_them_out_with_nosniff(data_dir: Path) -> None:
    async def fetch() -> HTTPResponse:
        server = HTTPServer(Application([media_rule(data_dir / "media")]))
        listener, port = bind_unused_port()
        server.add_socket(listener)
        try:
            return await AsyncHTTPClient(force_instance=True).fetch(f"http://127.0.0.1:{port}{pictures.address(12)}")
        finally:
            server.stop()

    response = asyncio.run(fetch())
    assert response.headers["Content-Type"] == "image/jpeg"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.body == (data_dir / "media" / "demo" / "12.jpg").read_bytes()
