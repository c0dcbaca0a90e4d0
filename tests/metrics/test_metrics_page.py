"""``/metrics``: for programs on this machine and for admins; for all others nothing is there."""

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask

from flask_api.core import job_rows, metrics
from flask_api.core.origin import PEER
from flask_api.providers.outside import OutsideError, fetch
from flask_api.server.listening import address_of, bind
from flask_api.server.serving import Service, Stop, serve_until
from tests.clients import Client, check_shape
from tests.conftest import start_app, stop_app
from tests.factories import Factory
from tests.metrics.telling import read, value
from tests.services.solo_server import SoloServer
from tests.services.upstream import Upstream

FROM_HERE = {PEER: "127.0.0.1"}


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """The app behind the real server, in a thread, counting; its address."""
    settings = app.extensions["settings"].model_copy(update={"port": 0})
    sockets = bind(settings)
    ready, stops = threading.Event(), []

    async def main() -> None:
        stop = Stop()
        stops.append((asyncio.get_running_loop(), stop))
        await serve_until(stop, Service(app.wsgi_app, settings, sockets, on_ready=ready.set))

    with metrics.kept_in(settings.data_dir):
        serving = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
        address = address_of(sockets[0], secure=False)
        serving.start()
        assert ready.wait(10)
        yield address
        loop, stop = stops[0]
        stop.in_a_hurry = True
        loop.call_soon_threadsafe(stop.set)
        serving.join(10)


def get(address: str, path: str, method: str = "GET", **headers: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, address + path, headers={"Connection": "close", **headers}, timeout=10)


def counted(address: str, **labels: str) -> float:
    answer = get(address, "/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return value(read(answer.text), "solo_requests_total", **labels)


def test_requests_are_counted_by_the_rule_of_their_address_whoever_answers(address: str, make: Factory) -> None:
    me = make.user()
    for user_id in range(1, 20):
        get(address, f"/api/v1/users/{user_id}", token=me.token or "")
        get(address, f"/nowhere/{user_id}")
        get(address, f"/api/v1/users/me/{user_id}")
        get(address, f"/media/{user_id}.jpg")
        get(address, "/api/v1/users/me", method=f"BREW{user_id}")
    get(address, "/api/v1/users/me", token=me.token or "")
    get(address, "/api/v1/users/me", Host="a:b")  # refused by the server itself
    assert counted(address, endpoint="/api/v1/users/me", code="200", method="GET") == 1
    assert counted(address, endpoint="/api/v1/users/<int:user_id>", method="GET") == 19
    assert counted(address, endpoint="other", code="404") == 38
    assert counted(address, endpoint="/media/", code="404") == 19
    assert counted(address, method="other", code="405") == 19
    assert counted(address, endpoint="other", code="400") == 1
    labels = {part for name, found in read(get(address, "/metrics").text) for part in found if name.endswith("total")}
    assert len(labels) < 30


def test_threads_and_failures_of_a_service_outside_show(address: str) -> None:
    with Upstream(behaviour="garbage") as upstream, pytest.raises(OutsideError):
        fetch("sms", "POST", upstream.url)
    samples = read(get(address, "/metrics").text)
    assert value(samples, "solo_outside_calls_total", service="sms", outcome="garbage") == 1
    assert value(samples, "solo_outside_seconds_count", service="sms") == 1
    assert value(samples, "solo_threads") == 6
    assert value(samples, "solo_requests_inside") >= 0


def test_who_comes_through_a_proxy_on_this_machine_comes_from_outside(address: str) -> None:
    for header in ("X-Forwarded-For", "x-forwarded-for", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded", "Via"):
        for said in ("127.0.0.1", "9.9.9.9", ""):
            assert get(address, "/metrics", **{header: said}).status_code == 404, header


OUTSIDERS: list[dict[str, Any]] = [
    {},  # a server that does not tell who is at the other end
    {"environ_overrides": {PEER: "10.0.0.9"}},
    {"environ_overrides": {PEER: "2001:db8::1"}},
    {"environ_overrides": {PEER: "", "SERVER_NAME": ""}},
    {"headers": {"Solo.Peer": "127.0.0.1"}},
    {"headers": {"X-Forwarded-For": "127.0.0.1"}, "environ_overrides": {PEER: "127.0.0.1"}},
]


@pytest.mark.parametrize("sent", OUTSIDERS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_outsiders_find_nothing(client: Client, sent: dict[str, Any], method: str) -> None:
    answer = client.app.test_client().open("/metrics", method=method, **sent)
    assert (answer.status_code, b"solo_" in answer.data) == (404, False)
    if method == "GET":
        check_shape(answer)


def test_credentials_other_than_an_admins_find_nothing(client: Client, make: Factory) -> None:
    phone = make.phone()
    make.user(phone, password="correct horse")
    browser = client.app.test_client()
    for headers in ({"token": make.user().token}, {"token": "1.dead"}, {"Authorization": "Bearer 1.dead"}):
        assert browser.get("/metrics", headers=headers).status_code == 404
    for auth in ((phone, "correct horse"), (phone, "wrong"), ("nonsense", "x")):
        assert browser.get("/metrics", auth=auth).status_code == 404


def test_admins_see_them_by_token_and_by_password(client: Client, make: Factory) -> None:
    phone = make.phone()
    make.user(phone, role="admin", password="correct horse")
    browser = client.app.test_client()
    for answer in (
        browser.get("/metrics", headers={"token": make.admin().token}),
        browser.get("/metrics", auth=(phone, "correct horse")),
    ):
        assert (answer.status_code, b"solo_requests" in answer.data) == (200, True)


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.0.0.5", "::1", "::ffff:127.0.0.1", "unix", "10.0.0.1"])
def test_this_machine_has_several_names(client: Client, peer: str) -> None:
    sent = {PEER: peer, "SERVER_NAME": "10.0.0.1"}  # the address it was asked at
    assert client.app.test_client().get("/metrics", environ_overrides=sent).status_code == 200


def test_metrics_are_told_while_redis_and_the_database_are_away(app: Flask, tmp_path: Path) -> None:
    away = {"redis_url": "redis://127.0.0.1:1", "database_url": f"sqlite:///{tmp_path}/none/solo.db"}
    broken = start_app(app.extensions["settings"].model_copy(update=away))
    answer = broken.test_client().get("/metrics", environ_overrides=FROM_HERE)
    assert (answer.status_code, b"solo_requests" in answer.data) == (200, True)
    assert broken.test_client().get("/metrics").status_code == 404
    stop_app(broken)


def test_jobs_show_that_wait_that_are_late_and_that_were_given_up(app: Flask) -> None:
    with app.app_context():
        ids = [job_rows.store("tidy", "{}", None) for _ in range(3)]
        claimed = job_rows.find(ids[0])
        assert job_rows.claim(claimed, lease=60)
        job_rows.bury(claimed.id, 1, "broken")
    time.sleep(0.01)
    samples = read(app.test_client().get("/metrics", environ_overrides=FROM_HERE).text)
    assert (value(samples, "solo_jobs_waiting"), value(samples, "solo_jobs_dead")) == (2, 1)
    assert 0 < value(samples, "solo_jobs_late_seconds") < 60


@pytest.mark.long
def test_whichever_process_is_asked_tells_of_all(tmp_path: Path) -> None:
    with SoloServer(tmp_path / "var", SOLO_WORKERS="2") as server:
        for _ in range(50):
            assert get(server.address, "/api/v1/health/live").status_code == 200
        time.sleep(2 * metrics.EVERY)  # what another process has counted is that late
        for _ in range(10):
            samples = read(get(server.address, "/metrics").text)
            assert value(samples, "solo_requests_total", endpoint="/api/v1/health/live") == 50
            assert value(samples, "solo_threads") == 12
