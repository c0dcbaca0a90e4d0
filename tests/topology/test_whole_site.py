"""The whole site as plain processes: nginx, two app hosts under supervisord in production, MariaDB, Redis."""

import contextlib
import http.client
import json
import os
import ssl
from collections.abc import Iterator

import pytest
import requests

from tests.deploy.load import Load, wait_until
from tests.services import mariadb
from tests.services.nginx import Nginx
from tests.services.redis_server import RedisServer
from tests.services.supervised_host import SupervisedHost

from .conftest import ask, failure
from .logging_in import log_in, make_admin

pytestmark = pytest.mark.mariadb
CLIENT = "127.0.1.77"  # an address of this machine that is not nginx's
FORGED = {"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9", "X-Forwarded-Proto": "http"}


class Site:
    def __init__(self, nginx: Nginx, hosts: list[SupervisedHost]) -> None:
        self.nginx, self.hosts = nginx, hosts
        self.token = log_in(nginx.url, verify=nginx.certificate)

    def load(self, *, direct: bool = False) -> Load:
        """A steady load, reads and writes; ``direct``: a tenth goes past nginx, where nobody tries another host."""
        hosts = [host.address for host in self.hosts] if direct else []
        front = f"127.0.0.1:{self.nginx.https_port}"
        return Load(front, certificate=self.nginx.certificate, token=self.token, direct=hosts, rate="60")

    def send(self, port: int, path: str, headers: dict[str, str], *, secure: bool = True) -> int:
        """Send a request from CLIENT; return the status."""
        options = {"timeout": 10, "source_address": (CLIENT, 0)}
        if secure:
            context = ssl.create_default_context(cafile=self.nginx.certificate)
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                "localhost", port, context=context, **options
            )
        else:
            connection = http.client.HTTPConnection("localhost", port, **options)
        with contextlib.closing(connection):
            connection.request("GET", path, headers=headers)
            return connection.getresponse().status

    def logged_by_app(self, request_id: str) -> dict[str, object]:
        """The line of a request in the access log of whichever host answered it."""

        def find() -> list[dict[str, object]]:
            files = [host.current / "var" / "logs" / "access.log" for host in self.hosts]
            lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
            return [line for line in lines if line["request_id"] == request_id]

        return dict(wait_until(find, "the request is in an access log")[0])


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    server = mariadb.running_url()
    if server is None:
        pytest.skip("no MariaDB runs; make test-all starts one")
    name = f"solo_topology_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with contextlib.ExitStack() as stack:
        redis = stack.enter_context(RedisServer(tcp=True))
        settings = {"SOLO_DATABASE_URL": mariadb.create_database(server, name), "SOLO_REDIS_URL": redis.url()}
        stack.callback(mariadb.drop_database, server, name)
        hosts = [SupervisedHost(**settings), SupervisedHost(**settings)]
        make_admin(hosts[0])
        for host in hosts:
            stack.enter_context(host)
        nginx = stack.enter_context(Nginx([host.address for host in hosts]))
        yield Site(nginx, hosts)


def test_who_logged_in_on_one_host_is_known_on_the_other_until_logging_out(site: Site) -> None:
    here, there = (f"http://{host.address}/api/v1" for host in site.hosts)
    headers = {"token": log_in(f"http://localhost:{site.hosts[0].port}"), "Host": "localhost"}
    for place in (here, there):
        assert requests.get(f"{place}/users/me", headers=headers, timeout=10).json()["data"]["role"] == "admin"
    assert requests.post(f"{there}/auth/logout", headers=headers, timeout=10).status_code == 200
    assert requests.get(f"{here}/users/me", headers=headers, timeout=10).status_code == 401


def test_both_hosts_are_used(site: Site) -> None:
    for _ in range(8):
        assert ask(site.nginx, "GET", "/api/v1/health/live").status_code == 200
    assert {host.address for host in site.hosts} <= {line["host"] for line in site.nginx.access_log()}


@pytest.mark.parametrize("way", ["nginx", "direct"])
def test_the_address_in_the_log_is_the_clients_own_whatever_it_claims(site: Site, way: str) -> None:
    port = site.nginx.https_port if way == "nginx" else site.hosts[0].port
    headers = {"X-Request-ID": f"address-{way}", **FORGED}
    assert site.send(port, "/api/v1/blog/categories?q=canary", headers, secure=way == "nginx") == 200
    line = site.logged_by_app(f"address-{way}")
    assert (line["client"], line["path"], line["status"]) == (CLIENT, "/api/v1/blog/categories", 200)
    if way == "nginx":
        (seen,) = [line for line in site.nginx.access_log() if line["request_id"] == "address-nginx"]
        assert seen["client"] == CLIENT


def test_what_is_not_for_the_public_is_not_there(site: Site) -> None:
    assert ask(site.nginx, "GET", "/api/v1/health/live").status_code == 200
    for path in ("/api/v1/health/ready", "/api/", "/api/swagger.json", "/nowhere"):
        assert failure(ask(site.nginx, "GET", path)) == (404, "NOT_FOUND")
    assert failure(ask(site.nginx, "GET", "/api/v1/users/me", headers={"Host": "evil.example"})) == (400, "BAD_REQUEST")


def test_a_picture_that_only_the_second_host_has_is_found_and_no_browser_runs_it(site: Site) -> None:
    (site.hosts[1].current / "var" / "media" / "a.jpg").write_bytes(b"\xff\xd8 a picture")
    for _ in range(4):  # whoever is asked first
        answer = ask(site.nginx, "GET", "/media/a.jpg")
        assert (answer.status_code, answer.content) == (200, b"\xff\xd8 a picture")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Disposition"] == "attachment"
    assert failure(ask(site.nginx, "GET", "/media/b.jpg")) == (404, "NOT_FOUND")


def test_restarting_every_process_in_turn_costs_no_request(site: Site) -> None:
    with site.load(direct=True) as load:
        for host in site.hosts:
            for name in host.names:
                host.restart(name)
        load.seconds(0.5)
    assert load.figures["failed"] == 0, load.failures
    assert load.figures["answered"] > 200


def test_a_host_that_is_stopped_and_started_again_costs_no_request(site: Site) -> None:
    with site.load() as load:
        site.hosts[0].end()
        load.seconds(0.3)
        site.hosts[0].start()
        load.seconds(0.9)
    assert load.figures["failed"] == 0, load.failures
    assert site.hosts[0].address in {line["host"] for line in site.nginx.access_log()[-100:]}, "it is used again"


def test_a_host_whose_power_fails_is_left_alone(site: Site) -> None:
    site.hosts[1].kill()
    try:
        answers = [ask(site.nginx, method, "/api/v1/health/live").status_code for method in ("GET", "PUT") * 10]
        assert answers == [200, 405] * 10
    finally:
        site.hosts[1].start()


def test_no_host_at_all_is_a_failure_of_the_house_and_over_when_one_is_back(site: Site) -> None:
    for host in site.hosts:
        host.end()
    try:
        answer = ask(site.nginx, "GET", "/api/v1/users/me", headers={"X-Request-ID": "all-away"})
        assert failure(answer) == (502, "BAD_GATEWAY")
        assert (answer.headers["Retry-After"], answer.headers["X-Request-ID"]) == ("1", "all-away")
        site.hosts[0].start()
        wait_until(lambda: ask(site.nginx, "GET", "/api/v1/health/live").status_code == 200, "it is back", within=4)
    finally:
        for host in site.hosts:
            host.start()
