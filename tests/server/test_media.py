"""Files below ``/media/``, served by tornado beside the WSGI app."""

from pathlib import Path

import pytest

from .conftest import RunningServer
from .wire import Wire, assert_failure

PNG = b"\x89PNG" + bytes(range(256)) * 1000


@pytest.fixture(scope="module")
def media(server: RunningServer) -> Path:
    folder = server.settings.data_dir / "media"
    (folder / "photos").mkdir(parents=True)
    (folder / "photos" / "a b.png").write_bytes(PNG)
    (folder.parent / "secret.txt").write_text("secret")
    (folder / "link").symlink_to(folder.parent / "secret.txt")
    return folder


@pytest.mark.usefixtures("media")
def test_file_is_served_cacheable_and_never_sniffed(wire: Wire) -> None:
    reply = wire.get("/media/photos/a%20b.png")
    assert (reply.code, reply.body) == (200, PNG)
    assert reply.headers["content-type"] == "image/png"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["cache-control"] == "public, max-age=86400"
    assert reply.headers["server"] == "solo"
    unchanged = wire.get("/media/photos/a%20b.png", f"If-Modified-Since: {reply.headers['last-modified']}")
    assert (unchanged.code, unchanged.body) == (304, b"")
    part = wire.get("/media/photos/a%20b.png", "Range: bytes=1-3")
    assert (part.code, part.body) == (206, b"PNG")
    beyond = wire.get("/media/photos/a%20b.png", f"Range: bytes={len(PNG)}-")
    assert_failure(beyond, 416, "REQUESTED_RANGE_NOT_SATISFIABLE")
    assert beyond.headers["content-range"] == f"bytes */{len(PNG)}"
    assert "cache-control" not in beyond.headers
    assert wire.get("/media/photos/a%20b.png", method="HEAD").headers["content-length"] == str(len(PNG))
    assert wire.get("/app").json["PATH_INFO"] == "/app"


@pytest.mark.usefixtures("media")
@pytest.mark.parametrize(
    "path",
    ["", "photos", "photos/", "none.png", "../secret.txt", "%2e%2e/secret.txt", "photos/..%2f..%2fsecret.txt", "link",
     "/etc/passwd", "%2fetc/passwd", "a%00b", "x" * 5000],
)  # fmt: skip
def test_what_is_no_file_is_404_in_the_one_shape(wire: Wire, path: str) -> None:
    reply = wire.get(f"/media/{path}", "X-Request-ID: mine")
    assert_failure(reply, 404, "NOT_FOUND")
    assert reply.headers["x-request-id"] == "mine"


@pytest.mark.usefixtures("media")
def test_other_failures_of_tornado_have_the_one_shape_too(wire: Wire) -> None:
    assert_failure(wire.get("/media/photos/a%20b.png", method="DELETE"), 405, "METHOD_NOT_ALLOWED")
    assert_failure(wire.get("/media/a%ff"), 400, "BAD_REQUEST")
    assert wire.get("/media/none", method="HEAD").code == 404
    assert wire.get("/app").code == 200


@pytest.mark.usefixtures("media")
def test_http_1_0_client_gets_a_file_and_is_let_go(wire: Wire) -> None:
    reply = wire.send(b"GET /media/photos/a%20b.png HTTP/1.0\r\n\r\n").reply()
    assert (reply.body, reply.headers["connection"]) == (PNG, "close")
    assert wire.closed
