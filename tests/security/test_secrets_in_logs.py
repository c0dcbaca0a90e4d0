"""Canaries in every place of every endpoint where a secret may stand; then all that was written is searched."""

import base64
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from flask_api.core.logs import SECRET_NAMES
from tests.clients import BASE
from tests.conftest import make_settings, start_app, stop_app
from tests.factories import Factory
from tests.security.operations import OPERATIONS, Operation
from tests.security.two_servers import GENEROUS
from tests.services.nginx import Nginx
from tests.services.process import free_port
from tests.services.redis_server import RedisServer
from tests.services.solo_server import SoloServer

CANARY = "c4n4ry"
PHONE = "13877766655"


def canary(place: str) -> str:
    """A secret that names its place, as long and as mixed as a token; no real one is like it."""
    return f"{CANARY}-{place}".ljust(43, "x")


TOKEN = f"1.{canary('token')}"
HEX = "c0ffee" * 10 + "c0ff"  # well formed, so that more of the signature is looked at
SIGNATURE = {"X-App-Key": "0" * 16, "X-Timestamp": "1565000000", "X-Nonce": canary("nonce"), "X-Sign": HEX}
HALF_SIGNATURE = {"X-App-Key": canary("appkey"), "X-Sign": canary("half"), "X-Timestamp": canary("timestamp")}
JSON = {"Content-Type": "application/json"}
QUERY = {name: canary(name) for name in ("token", "password", "code", "sign", "q", "cursor")}
COOKIES = {
    "Cookie": f"token={canary('cookie')}; session={canary('cookie')}",
    "Idempotency-Key": canary("idempotency"),
    "Referer": f"https://solo.test/?token={canary('referrer')}",
}
REQUESTS: dict[str, dict[str, Any]] = {
    "token": {"headers": {"token": TOKEN, **COOKIES}},
    "bearer": {"headers": {"Authorization": f"Bearer 1.{canary('bearer')}", **SIGNATURE}},
    "basic": {"auth": (PHONE, canary("basic")), "headers": COOKIES},
    "digest": {"headers": {"Authorization": f'Digest response="{canary("digest")}"', **HALF_SIGNATURE}},
    "query": {"params": QUERY},
    "broken JSON": {"data": f'{{"password": "{canary("broken")}"', "headers": JSON},
    "form": {"data": {"password": canary("form"), "sign": canary("form"), "appkey": canary("form")}},
}


class Watched:
    """A server whose every written word can be searched, an admin's token, and who sends the requests."""

    def __init__(self, server: SoloServer, admin_token: str) -> None:
        self.server, self.admin_token = server, admin_token
        self.http = requests.Session()
        self.sent = 0
        self.issued = {admin_token}  # tokens and secrets that answers held

    def send(self, operation: Operation, path: str = "", **options: Any) -> None:
        url = self.server.address + BASE + (path or operation.url("1"))
        body = {"json": operation.example} if operation.has_body and not {"json", "data"} & options.keys() else {}
        answer = self.http.request(operation.method, url, timeout=30, **{**body, **options})
        assert answer.status_code != 500, (operation, options)
        assert CANARY not in answer.text, "nor is it repeated in an answer"
        self.sent += 1
        found = answer.json().get("data") or {}
        self.issued |= {found[name] for name in ("token", "secret") if name in found}

    def wait_for_the_last_line(self) -> None:
        """Lines of the access log are gathered for a moment."""
        log, deadline = self.server.data_dir / "logs" / "access.log", time.monotonic() + 10
        while log.read_text().count("\n") < self.sent:
            assert time.monotonic() < deadline, "each request leaves a line"
            time.sleep(0.05)

    def written(self) -> str:
        """Everything in its log files, and all it printed."""
        files = [path for path in self.server.data_dir.rglob("*.log*") if path.is_file()]
        assert {path.name for path in files} >= {"solo.log", "access.log"}
        return "".join(path.read_text() for path in files) + self.server.printed()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with RedisServer() as redis, SoloServer(tmp_path / "host", **settings(tmp_path, redis)) as server:
        app = start_app(make_settings(tmp_path, database_url=database(tmp_path), redis_url=redis.url()))
        watched = Watched(server, Factory(app).admin().token or "")
        yield watched
        watched.http.close()  # else the server waits for one more request
        stop_app(app)


def database(folder: Path) -> str:
    return f"sqlite:///{folder / 'solo.db'}"


def settings(folder: Path, redis: RedisServer) -> dict[str, str]:
    (folder / "host").mkdir()
    own = {"SOLO_DATABASE_URL": database(folder), "SOLO_REDIS_URL": redis.url(), "SOLO_WORKERS": "1"}
    return {**GENEROUS, **own}


def secret_body(operation: Operation) -> dict[str, Any]:
    """The page's example with a canary in each field whose name says that it is secret, and somebody's phone."""
    named = {name: canary(name) for name in operation.fields if SECRET_NAMES.search(name)}
    phone = {"phone": PHONE} if "phone" in operation.fields else {}
    return {**operation.example, **named, **phone}


def test_no_canary_of_any_place_of_any_endpoint_is_written_anywhere(watched: Watched) -> None:
    for operation in OPERATIONS:
        for options in REQUESTS.values():
            watched.send(operation, **options)
        watched.send(operation, path=f"{operation.path.split('{')[0]}/{canary('path')}")
        if operation.has_body:
            for body in (secret_body(operation), {**operation.example, "password ": canary("field")}):
                watched.send(operation, json=body)
                watched.send(operation, json=body, headers={"token": watched.admin_token})
    watched.wait_for_the_last_line()
    written = watched.written()
    assert re.findall(rf"{CANARY}-\w+", written) == []
    assert len(watched.issued) > 1
    basic = base64.b64encode(f"{PHONE}:{canary('basic')}".encode()).decode()
    for secret in (PHONE, HEX, basic[:20], *watched.issued):
        assert secret not in written
    assert all(json.loads(line) for line in written.splitlines() if line.startswith("{"))


def test_nginx_logs_no_part_of_a_path_that_is_as_long_as_a_token() -> None:
    with Nginx([f"127.0.0.1:{free_port()}"]) as nginx:
        address = f"{nginx.url}/api/v1/users/{canary('path')}/photos"
        assert requests.get(address, verify=nginx.certificate, timeout=10).status_code == 502
        nginx.end()
        assert CANARY not in nginx.logged()
