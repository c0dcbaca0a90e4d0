"""deploy/nginx.conf as it is shipped: app hosts that are down, that break off, that have a file or not; and floods."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.nginx import Nginx
from tests.services.process import free_port

from .conftest import ToySite, ask, failure

PICTURE = b"\xff\xd8 a picture, let us say"


@pytest.fixture
def strict() -> Iterator[Nginx]:
    """nginx with no host that is up, and a client may send one request a second, and five more."""
    with Nginx([f"127.0.0.1:{free_port()}"], rate=1, changes=[("burst=200", "burst=5")]) as nginx:
        yield nginx


def test_a_host_that_is_down_is_passed_over_for_reads_and_writes(toy_site: ToySite) -> None:
    hosts = [f"127.0.0.1:{free_port()}", *(toy.address for toy in toy_site.toys)]
    with Nginx(hosts) as nginx:
        answers = [ask(nginx, method, "/api/v1/x").status_code for method in ("GET", "POST") for _ in range(10)]
        tried = [line["host"] for line in nginx.access_log()]
    assert answers == [200] * 20
    assert any(line.startswith(f"{hosts[0]}, ") for line in tried)


def test_a_read_that_broke_off_is_asked_of_the_next_host_and_a_write_is_not(toy_site: ToySite) -> None:
    asked = toy_site.times_asked("/api/v1/hang-up")
    toy_site.ask("POST", "/api/v1/hang-up")
    assert toy_site.times_asked("/api/v1/hang-up") == asked + 1
    toy_site.ask("GET", "/api/v1/hang-up")
    assert toy_site.times_asked("/api/v1/hang-up") == asked + 3


def test_all_hosts_down_is_a_failure_of_the_house_and_floods_are_turned_away(strict: Nginx) -> None:
    answers = [ask(strict, "GET", "/api/v1/x") for _ in range(12)]
    assert [failure(answer) for answer in answers[:6]] == [(502, "BAD_GATEWAY")] * 6
    assert failure(answers[-1]) == (429, "TOO_MANY_REQUESTS")
    assert {answer.headers["Retry-After"] for answer in answers} == {"1"}


def test_a_picture_on_nginxs_own_disk_is_sent_so_that_no_browser_runs_it(toy_site: ToySite) -> None:
    (toy_site.media / "own").mkdir(exist_ok=True)
    (toy_site.media / "own" / "a.jpg").write_bytes(PICTURE)
    answer = toy_site.ask("GET", "/media/own/a.jpg", headers={"X-Request-ID": "picture-1"})
    assert (answer.status_code, answer.content) == (200, PICTURE)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"] == "attachment"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["Cache-Control"] == "public, max-age=86400"
    assert answer.headers["X-Request-ID"] == "picture-1"
    assert toy_site.times_asked("/media/own/a.jpg") == 0


def test_a_picture_that_another_host_has_is_found_there(toy_site: ToySite) -> None:
    for _ in range(4):  # whoever is asked first
        assert toy_site.ask("GET", "/media/own.jpg").status_code == 200
    asked = toy_site.times_asked("/media/nobody-has.jpg")
    answer = toy_site.ask("GET", "/media/nobody-has.jpg")
    assert (answer.status_code, "Strict-Transport-Security" in answer.headers) == (404, True)
    assert toy_site.times_asked("/media/nobody-has.jpg") == asked + 2


@pytest.mark.parametrize("path", ["/media/", "/media/folder", "/media/link", "/media/folder/link"])
def test_folders_and_links_out_of_the_media_folder_are_not_there(toy_site: ToySite, path: str, tmp_path: Path) -> None:
    (toy_site.media / "folder").mkdir(exist_ok=True)
    (tmp_path / "secret").write_text("secret")
    for link in (toy_site.media / "link", toy_site.media / "folder" / "link"):
        link.unlink(missing_ok=True)
        os.symlink(tmp_path / "secret", link)
    answer = toy_site.ask("GET", path)
    assert answer.status_code == 404
    assert "secret" not in answer.text
