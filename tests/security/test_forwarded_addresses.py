"""X-Forwarded-For against limits: whoever makes up addresses is counted as the one that he has."""

import http.client
import re
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.services.redis_server import RedisServer
from tests.services.solo_server import SoloServer

pytest.importorskip("flask_api.core.rate_limits")

SPOOFS = 1000
PATH = "/api/v1/blog/categories"
STRANGER, PROXY = "127.0.0.1", "127.0.0.2"  # both are this machine's
QUOTA = 5000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoloServer]:
    with RedisServer() as redis:
        settings = {
            "SOLO_REDIS_URL": redis.url(),
            "SOLO_HOST": "127.0.0.1",
            "SOLO_WORKERS": "1",
            "SOLO_TRUSTED_PROXIES": PROXY,
            "SOLO_LIMIT_PER_ADDRESS": f"{QUOTA} per hour",
        }
        with SoloServer(tmp_path_factory.mktemp("host") / "var", **settings) as running:
            yield running


def left(server: SoloServer, peer: str, claims: list[dict[str, str]]) -> list[int]:
    """Send a request with each of these headers from ``peer``; return what is left of its limit each time."""
    port = int(server.address.rpartition(":")[2])
    found = []
    with closing(http.client.HTTPConnection("127.0.0.1", port, source_address=(peer, 0))) as connection:
        for headers in claims:
            connection.request("GET", PATH, headers=headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
            match = re.search(r'"address";r=(\d+)', answer.headers["RateLimit"])
            assert match
            found.append(int(match[1]))
    return found


def spoofs(last_hop: str = "") -> Iterator[dict[str, str]]:
    """Addresses made up in every header that some server believes; ``last_hop`` is what a proxy has added."""
    for number in range(SPOOFS):
        made_up = f"10.{number % 7}.{number // 250}.{number % 250}"
        forwarded = f"{made_up}, {last_hop}" if last_hop else made_up
        believed = dict.fromkeys(("X-Real-IP", "True-Client-IP", "CF-Connecting-IP", "Client-IP"), made_up)
        yield {"X-Forwarded-For": forwarded, "Forwarded": f"for={made_up}", "X_Forwarded_For": made_up, **believed}


def test_1000_made_up_addresses_are_one_bucket(server: SoloServer) -> None:
    counts = left(server, STRANGER, list(spoofs()))
    assert counts == list(range(QUOTA - 1, QUOTA - 1 - SPOOFS, -1))


def test_behind_the_trusted_proxy_what_it_has_seen_itself_counts(server: SoloServer) -> None:
    clients = ["203.0.113.1", "203.0.113.2"]
    for client in clients:
        assert left(server, PROXY, list(spoofs(client))[:100]) == list(range(QUOTA - 1, QUOTA - 101, -1))
    assert left(server, PROXY, [{"X-Forwarded-For": clients[0]}]) == [QUOTA - 101]
