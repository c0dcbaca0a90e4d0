"""Parts of a site that tests share; each worker of pytest-xdist has its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.services.nginx import Nginx

from .toy_host import ToyHost


class ToySite:
    """nginx with the shipped site file, in front of two toys."""

    def __init__(self, nginx: Nginx, toys: list[ToyHost], media: Path) -> None:
        self.nginx, self.toys, self.media = nginx, toys, media

    def ask(self, method: str, path: str, **options: object) -> requests.Response:
        """Send a request by HTTPS; redirects are not followed."""
        return ask(self.nginx, method, path, **options)

    def times_asked(self, path: str) -> int:
        """How many requests for a path have reached a toy."""
        return sum(toy.asked[path] for toy in self.toys)


def ask(nginx: Nginx, method: str, path: str, **options: object) -> requests.Response:
    """Send a request by HTTPS; redirects are not followed."""
    more = {"verify": nginx.certificate, "allow_redirects": False, "timeout": 10, **options}
    return requests.request(method, nginx.url + path, **more)  # type: ignore[arg-type]


def failure(answer: requests.Response) -> tuple[int, str]:
    """Return code and status of a failure, having looked at its shape."""
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    assert set(body) == {"code", "status", "message", "request_id"}
    assert body["code"] == answer.status_code
    assert body["request_id"] == answer.headers["X-Request-ID"]
    return body["code"], body["status"]


@pytest.fixture(scope="module")
def toy_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToySite]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "media").mkdir()
    with ToyHost() as one, ToyHost() as two, Nginx([one.address, two.address], media=folder) as nginx:
        yield ToySite(nginx, [one, two], folder / "media")
