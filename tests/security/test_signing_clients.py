"""The clients of docs/signing.md sign as the server does, and find their way out of what goes wrong."""

import json
import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Route, sync_playwright

from flask_api.app_keys import services
from flask_api.core.signatures import Signed, canonical_request, sign
from flask_api.server.request_head import unquoted_path
from tests.browser.test_swagger_page import CHROMIUM, FLAGS
from tests.conftest import make_settings, start_app, stop_app
from tests.factories import Factory
from tests.security.answering import AnsweringServer
from tests.security.published_clients import (
    FOLDER,
    NAMES,
    VECTORS,
    PublishedClient,
    ToolMissing,
    published_client,
    said,
)
from tests.services.redis_server import RedisServer
from tests.services.solo_server import SoloServer

pytestmark = pytest.mark.long

LEGAL = "abzAZ059-._~!$'()*,;:@/"  # with & = + and %XX: what a query may have (RFC 3986, section 3.4)
SEED = 20260918
ORIGIN = "http://app.localhost"
# The page below is made up, so chromium does not see that it comes from this machine, and would have to ask somebody.
ALLOWED = "--disable-features=LocalNetworkAccessChecks"


@dataclass(frozen=True)
class Site:
    """A server that demands signatures; ``variables`` are what a client of a good app key has in its environment."""

    url: str
    variables: dict[str, str]


@pytest.fixture(scope="session")
def java_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("java")


@pytest.fixture(params=NAMES)
def client(request: pytest.FixtureRequest, java_folder: Path) -> PublishedClient:
    """Each in turn. Where its language is not installed it is passed over; CI has them all."""
    try:
        return published_client(request.param, java_folder)
    except ToolMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def clients(java_folder: Path) -> dict[str, PublishedClient]:
    """All whose languages are installed."""
    found = {}
    for name in NAMES:
        with suppress(ToolMissing):
            found[name] = published_client(name, java_folder)
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    demands = {"SOLO_SIGNED_AREAS": "auth", "SOLO_CORS_ORIGINS": ORIGIN, "SOLO_WORKERS": "1"}
    with RedisServer() as redis, SoloServer(folder, SOLO_REDIS_URL=redis.url(), **demands) as server:
        app = start_app(make_settings(folder, redis_url=redis.url()))
        with app.app_context():
            issued = services.create_app_key("Tests")
        keys = {"CLIENT_APP_KEY": issued.app_key.appkey, "CLIENT_APP_SECRET": issued.secret}
        yield Site(f"{server.address}/api/v1/auth", {**keys, "CLIENT_TOKEN": str(Factory(app).user().token)})
        stop_app(app)


def random_vectors() -> list[dict[str, str]]:
    """Requests that nobody thought of, with the server's signatures."""
    draw = random.Random(SEED)

    def text(more: str, longest: int) -> str:
        escaped = [f"%{draw.randrange(256):02{draw.choice('xX')}}" for _ in range(8)]
        return "".join(draw.choice([*LEGAL, *more, *escaped]) for _ in range(draw.randrange(longest)))

    def vector(number: int) -> dict[str, str]:
        path, query, body = "/" + text("&=+", 20), text("&&&===+?", 40), text("é秘🚀 \n", 10)
        parts = {"timestamp": str(number), "nonce": f"{number:032x}", "token": draw.choice(["", "t0k3n"])}
        raw = unquoted_path(path).encode("latin-1")
        signed = Signed(method="get", path=raw, query=query, body=body.encode(), **parts)
        made = {"canonical_request": canonical_request(signed), "signature": sign(signed, "é"), "secret": "é"}
        return {"name": str(number), "method": "get", "path": path, "query": query, "body": body, **parts, **made}

    return [vector(number) for number in range(500)]


def test_client_signs_as_the_server_does(client: PublishedClient, tmp_path: Path) -> None:
    vectors = VECTORS["version_2"] + random_vectors()
    checked = client.check(vectors, tmp_path)
    assert (checked.stdout, checked.returncode) == (f"{len(vectors)} vectors hold\n", 0), checked.stderr


def test_client_tells_which_vector_does_not_hold(client: PublishedClient, tmp_path: Path) -> None:
    one, *others = VECTORS["version_2"]
    checked = client.check([*others, {**one, "name": "the odd one", "signature": one["signature"][::-1]}], tmp_path)
    assert checked.returncode != 0
    assert "the odd one" in checked.stderr


def test_signed_request_is_accepted(client: PublishedClient, site: Site) -> None:
    body = json.dumps({"phone": f"1380013{random.randrange(10_000):04}"})
    sent = client.send("post", f"{site.url}/sms-codes", body, **site.variables)
    assert (sent.code, sent.status, sent.body["data"]["expires_in"]) == (201, "SUCCESS", 300)


def test_wrong_secret_is_refused(client: PublishedClient, site: Site) -> None:
    refused = client.send("GET", f"{site.url}/sessions", **{**site.variables, "CLIENT_APP_SECRET": "another"})
    assert (refused.code, refused.status) == (401, "SIGNATURE_WRONG")
    assert refused.body["status"] == "SIGNATURE_WRONG"


def test_client_with_a_wrong_clock_corrects_itself(client: PublishedClient, site: Site) -> None:
    listed = client.send("GET", f"{site.url}/sessions", **site.variables, CLIENT_CLOCK_OFFSET="3600")
    assert (listed.code, listed.status) == (200, "SUCCESS")
    assert [session["current"] for session in listed.body["data"]["items"]] == [True]


def test_clients_send_again_once_and_sign_anew(clients: dict[str, PublishedClient]) -> None:
    keys = {"CLIENT_APP_KEY": "an-app", "CLIENT_APP_SECRET": "a secret", "CLIENT_TOKEN": "t0k3n"}
    with AnsweringServer() as server:
        server.answer("/away", (503, "SERVICE_UNAVAILABLE", {"Retry-After": "0"}))
        renewed = (401, "NONCE_STORE_RENEWED", {})
        for name in NAMES:
            server.answer(f"/renewed/{name}", renewed, (200, "SUCCESS", {}))
        writing = [one.start("POST", f"{server.url}/away?of={name}", "{}", **keys) for name, one in clients.items()]
        asking = [one.start("GET", f"{server.url}/renewed/{name}", **keys) for name, one in clients.items()]
        assert {said(process).status for process in writing} == {"SERVICE_UNAVAILABLE"}
        assert {said(process).status for process in asking} == {"SUCCESS"}
    for name in clients:
        for kind, path in [("POST", f"/away?of={name}"), ("GET", f"/renewed/{name}")]:
            first, second = [sent for sent in server.seen if sent.target == path]
            assert first.method == second.method == kind
            assert first.headers["X-Nonce"] != second.headers["X-Nonce"]
            assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
            assert (first.headers["Idempotency-Key"] is None) == (kind == "GET")
            for sent in (first, second):
                assert sent.headers["X-Sign"] == sign(sent.signed(), "a secret")
        assert int(first.headers["X-Timestamp"]) < int(second.headers["X-Timestamp"])


@pytest.mark.skipif(not CHROMIUM.exists(), reason="no /usr/bin/chromium: apt-get install chromium")
def test_page_of_another_origin_signs_and_corrects_its_clock(site: Site) -> None:
    def serve(route: Route) -> None:
        if route.request.url.endswith(".mjs"):
            route.fulfill(path=FOLDER / "solo-signing.mjs", content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html>", content_type="text/html")

    address, path = site.url[: -len("/api/v1/auth")], "/api/v1/auth/sessions"
    script = """async ([address, path, ...keys]) => {
        const { SoloClient } = await import("/solo-signing.mjs");
        const client = new SoloClient(address, ...keys);
        const answers = [];
        for (const offset of [0, 3600, -3600]) {
            client.offset = offset;
            answers.push(await client.request("GET", path, "", ""));
        }
        return answers.map((answer) => [answer.code, answer.status]);
    }"""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, ALLOWED])
        page = browser.new_page()
        page.route(f"{ORIGIN}/**", serve)
        page.goto(f"{ORIGIN}/")
        assert page.evaluate(script, [address, path, *site.variables.values()]) == [[200, "SUCCESS"]] * 3
        browser.close()
