"""Files behind nginx: those that are sent go through as they come, those that are read nginx sends itself."""

import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from flask_api.providers.storage.signed_links import LinkSigner
from flask_api.settings import DEVELOPMENT_SECRET
from tests.services.nginx import Nginx, NginxMissing
from tests.services.solo_server import SoloServer

from .conftest import failure

KEY = "incoming/3f/3f9c"
FILE = bytes(range(256)) * 8192  # 2 MB
FILM = "private/1/film.mp4"


class Pair:
    """A server, and nginx before it."""

    def __init__(self, server: SoloServer, nginx: Nginx) -> None:
        self.server, self.nginx = server, nginx
        self.links = LinkSigner(DEVELOPMENT_SECRET)

    @property
    def files(self) -> Path:
        return self.server.data_dir / "files"

    def upload_link(self, key: str, size: int) -> str:
        return self.links.upload(key, size=size, content_type="video/mp4", lifetime=60)

    def send(self, key: str, content: bytes, size: int) -> requests.Response:
        address = self.nginx.url + self.upload_link(key, size)
        return requests.put(address, data=content, verify=self.nginx.certificate, timeout=20)

    def get(self, path: str) -> requests.Response:
        return requests.get(self.nginx.url + path, verify=self.nginx.certificate, timeout=20)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("site") / "var"
    try:
        told = {"SOLO_ACCELERATED_BY_NGINX": "true", "SOLO_TRUSTED_PROXIES": "127.0.0.1", "SOLO_WORKERS": "1"}
        with SoloServer(folder, **told) as server, Nginx([server.address.rpartition("/")[2]], media=folder) as nginx:
            yield Pair(server, nginx)
    except NginxMissing as missing:
        pytest.skip(str(missing))


def test_file_larger_than_any_other_request_is_taken(pair: Pair) -> None:
    answer = pair.send(KEY, FILE, len(FILE))
    assert (answer.status_code, answer.json()["status"]) == (200, "SUCCESS")
    assert (pair.files / KEY).read_bytes() == FILE


def test_file_that_is_refused_is_refused_in_the_one_shape(pair: Pair) -> None:
    assert failure(pair.send("incoming/a/b", FILE, len(FILE) - 1)) == (413, "TOO_LARGE")
    assert failure(pair.send(KEY, FILE, len(FILE))) == (409, "ALREADY_UPLOADED")
    wrong = requests.put(f"{pair.nginx.url}/uploads/{KEY}", data=b"x", verify=pair.nginx.certificate, timeout=20)
    assert failure(wrong) == (403, "LINK_INVALID")
    head = {"Content-Length": str(101 * 1024 * 1024), "Expect": "100-continue"}
    larger = requests.put(
        f"{pair.nginx.url}/uploads/x", data=b"", headers=head, verify=pair.nginx.certificate, timeout=20
    )
    assert failure(larger) == (413, "TOO_LARGE")


def test_bytes_reach_the_app_as_they_come(pair: Pair) -> None:
    path = pair.upload_link("incoming/c/d", len(FILE))
    context = ssl.create_default_context(cafile=pair.nginx.certificate)
    with socket.create_connection(("127.0.0.1", pair.nginx.https_port), timeout=10) as plain:
        stream = context.wrap_socket(plain, server_hostname="localhost")
        stream.sendall(f"PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(FILE)}\r\n\r\n".encode())
        stream.sendall(FILE[:500_000])
        deadline = time.monotonic() + 10
        partial = pair.files / "incoming/c/.d.part"
        while not (partial.exists() and partial.stat().st_size > 400_000):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        stream.sendall(FILE[500_000:])
        assert stream.recv(100).startswith(b"HTTP/1.1 200")


def test_private_file_is_sent_by_nginx_to_who_has_the_address(pair: Pair) -> None:
    (pair.files / FILM).parent.mkdir(parents=True)
    (pair.files / FILM).write_bytes(FILE)
    path = pair.links.file(FILM, filename="Mein Film.mp4", lifetime=60)
    answer = pair.get(path)
    assert (answer.status_code, answer.content) == (200, FILE)
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''Mein%20Film.mp4"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "X-Accel-Redirect" not in answer.headers
    part = requests.get(
        pair.nginx.url + path, headers={"Range": "bytes=1-3"}, verify=pair.nginx.certificate, timeout=20
    )
    assert (part.status_code, part.content) == (206, FILE[1:4])


def test_private_file_is_not_there_for_who_has_not(pair: Pair) -> None:
    path = pair.links.file(FILM, filename="x.mp4", lifetime=60)
    assert failure(pair.get(f"/solo-files/{FILM}")) == (404, "NOT_FOUND")
    assert failure(pair.get(path.replace("film", "filn"))) == (403, "LINK_INVALID")
    assert failure(pair.get(pair.links.file(FILM, filename="x.mp4", lifetime=-1))) == (403, "LINK_INVALID")
    assert failure(pair.get(pair.links.file("private/1/none.mp4", filename="x.mp4", lifetime=60)))[0] == 404


def test_picture_that_was_made_is_shown_and_all_else_is_saved(pair: Pair) -> None:
    folder = pair.server.data_dir / "media" / "public" / "3f"
    folder.mkdir(parents=True)
    for name, disposition in (("a.jpg", None), ("b.webp", None), ("c.svg", "attachment"), ("d.html", "attachment")):
        (folder / name).write_bytes(b"\xff\xd8 a picture")
        for address in (pair.nginx.url, pair.server.address):
            answer = requests.get(f"{address}/media/public/3f/{name}", verify=pair.nginx.certificate, timeout=20)
            assert answer.headers.get("Content-Disposition") == disposition
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
