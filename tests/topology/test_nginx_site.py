"""deploy/nginx.conf as it is shipped: what it lets in, what it tells the app hosts, what it logs."""

import asyncio
import json
import socket
import ssl
import subprocess

import pytest
import requests
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from .conftest import ToySite, failure

FORGED = {
    "X-Forwarded-For": "203.0.113.9",
    "X_Forwarded_For": "203.0.113.9",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Host": "evil.example",
    "X-Real-IP": "203.0.113.9",
    "Forwarded": "for=203.0.113.9",
    "Proxy": "203.0.113.9:1",
}


def raw(port: int, sent: bytes, context: ssl.SSLContext | None = None) -> bytes:
    """Send these bytes, return all that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        stream = context.wrap_socket(plain, server_hostname="localhost") if context else plain
        stream.sendall(sent)
        return b"".join(iter(lambda: stream.recv(65536), b""))


def handshake(site: ToySite, version: ssl.TLSVersion, protocols: tuple[str, ...] = ()) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=site.nginx.certificate)
    context.set_ciphers("ALL:@SECLEVEL=0")  # our own side would refuse old versions by itself
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(list(protocols))
    with socket.create_connection(("127.0.0.1", site.nginx.https_port), timeout=10) as plain:
        return context.wrap_socket(plain, server_hostname="localhost")


def test_nginx_finds_no_fault_in_it(toy_site: ToySite) -> None:
    checked = toy_site.nginx.check()
    assert checked.returncode == 0
    assert "[warn]" not in checked.stderr


def test_plain_http_is_sent_to_https_by_the_name_of_the_site(toy_site: ToySite) -> None:
    address = f"{toy_site.nginx.http_url}/api/v1/x?a=1"
    answer = requests.post(address, headers={"Host": "evil.example"}, allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.headers["Location"]) == (308, "https://localhost/api/v1/x?a=1")
    assert "Strict-Transport-Security" not in answer.headers  # RFC 6797 §7.2


def test_https_is_kept_to_and_speaks_http_2(toy_site: ToySite) -> None:
    answer = toy_site.ask("GET", "/api/v1/x")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert answer.headers["Server"] == "nginx"
    assert handshake(toy_site, ssl.TLSVersion.TLSv1_3, ("h2", "http/1.1")).selected_alpn_protocol() == "h2"
    assert handshake(toy_site, ssl.TLSVersion.TLSv1_2).version() == "TLSv1.2"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_versions_of_tls_are_refused(toy_site: ToySite) -> None:
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        handshake(toy_site, ssl.TLSVersion.TLSv1_1)


@pytest.mark.parametrize("options", [["--http1.1"], ["--http2"]])
def test_the_app_is_told_of_the_client_by_nginx_alone(toy_site: ToySite, options: list[str]) -> None:
    headers = [part for name, value in FORGED.items() for part in ("-H", f"{name}: {value}")]
    command = ["curl", "-sS", "--cacert", toy_site.nginx.certificate, *options, *headers]
    told = json.loads(subprocess.check_output([*command, f"{toy_site.nginx.url}/api/v1/x"]))["headers"]
    assert told["X-Forwarded-For"] == ["127.0.0.1"]
    assert told["X-Forwarded-Proto"] == ["https"]
    assert told["Host"] == [f"localhost:{toy_site.nginx.https_port}"]
    assert not {"X-Forwarded-Host", "X-Real-Ip", "Forwarded", "Proxy", "Upgrade", "Connection"} & set(told)


def test_a_fit_request_id_goes_all_the_way_and_an_unfit_one_is_replaced(toy_site: ToySite) -> None:
    fit = toy_site.ask("GET", "/api/v1/fit", headers={"X-Request-ID": "from-the.client_1"})
    assert fit.json()["headers"]["X-Request-Id"] == ["from-the.client_1"]
    for unfit in ("x" * 65, 'quo"te', "two words"):
        answer = toy_site.ask("GET", "/api/v1/unfit", headers={"X-Request-ID": unfit})
        (told,) = answer.json()["headers"]["X-Request-Id"]
        assert told != unfit
        assert told == answer.headers["X-Request-ID"]


def test_websockets_get_through_at_their_address_and_nowhere_else(toy_site: ToySite) -> None:
    async def connect() -> dict[str, str]:
        address = f"wss://localhost:{toy_site.nginx.https_port}/api/v1/ws?token=canary-ws"
        request = HTTPRequest(address, ca_certs=toy_site.nginx.certificate, headers=FORGED)
        connection = await websocket_connect(request)
        message = await connection.read_message()
        connection.close()
        return dict(json.loads(message or "{}"))

    told = asyncio.run(connect())
    assert (told["Upgrade"], told["Connection"].lower()) == ("websocket", "upgrade")
    assert (told["X-Forwarded-For"], told["X-Forwarded-Proto"]) == ("127.0.0.1", "https")
    elsewhere = toy_site.ask("GET", "/api/v1/x", headers={"Upgrade": "websocket", "Connection": "Upgrade"})
    assert "Upgrade" not in elsewhere.json()["headers"]


def test_a_body_reaches_a_host_only_when_all_of_it_is_here(toy_site: ToySite) -> None:
    context = ssl.create_default_context(cafile=toy_site.nginx.certificate)
    with socket.create_connection(("127.0.0.1", toy_site.nginx.https_port), timeout=10) as plain:
        stream = context.wrap_socket(plain, server_hostname="localhost")
        stream.sendall(b"POST /api/v1/slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n\r\nhalf")
        assert toy_site.ask("POST", "/api/v1/quick").status_code == 200  # by now it would have got there
        assert toy_site.times_asked("/api/v1/slow") == 0
        stream.sendall(b"half")
        assert stream.recv(12) == b"HTTP/1.1 200"
    assert toy_site.times_asked("/api/v1/slow") == 1


def test_json_is_compressed_for_those_who_ask(toy_site: ToySite) -> None:
    assert toy_site.ask("GET", "/api/v1/x").headers["Content-Encoding"] == "gzip"
    plain = toy_site.ask("GET", "/api/v1/x", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers


@pytest.mark.parametrize(
    ("method", "path", "options", "expected"),
    [
        ("GET", "/api/v1/health/ready", {}, (404, "NOT_FOUND")),
        ("GET", "/metrics", {}, (404, "NOT_FOUND")),
        ("GET", "/api/v1//health/%72eady", {}, (404, "NOT_FOUND")),
        ("GET", "/solo-failure", {}, (404, "NOT_FOUND")),
        ("TRACE", "/api/v1/x", {}, (405, "METHOD_NOT_ALLOWED")),
        ("POST", "/media/a.jpg", {}, (405, "METHOD_NOT_ALLOWED")),
        ("POST", "/api/v1/x", {"data": b"x" * (1024 * 1024 + 1)}, (413, "TOO_LARGE")),
        ("GET", "/api/v1/x", {"headers": {"X-Long": "x" * 9000}}, (431, "HEADERS_TOO_LARGE")),
        ("GET", "/api/v1/" + "x" * 9000, {}, (431, "HEADERS_TOO_LARGE")),
        ("POST", "/api/v1/hang-up", {}, (502, "BAD_GATEWAY")),
    ],
)
def test_what_nginx_refuses_has_the_shape_of_the_house(
    toy_site: ToySite, method: str, path: str, options: dict[str, object], expected: tuple[int, str]
) -> None:
    answer = toy_site.ask(method, path, **options)
    assert failure(answer) == expected
    assert answer.headers["Strict-Transport-Security"]
    assert ("Retry-After" in answer.headers) == (expected[0] == 502)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\0 nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\nHost: localhost\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/3.0\r\n\r\n", 505),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    ],
)
@pytest.mark.parametrize("secure", [True, False])
def test_what_nginx_cannot_read_is_refused_in_the_same_shape(
    toy_site: ToySite, sent: bytes, status: int, secure: bool
) -> None:
    context = ssl.create_default_context(cafile=toy_site.nginx.certificate) if secure else None
    answer = raw(toy_site.nginx.https_port if secure else toy_site.nginx.http_port, sent, context)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert json.loads(body)["code"] == status
    assert json.loads(body)["request_id"].encode() in head


def test_plain_http_on_the_port_of_https_is_refused_in_the_same_shape(toy_site: ToySite) -> None:
    answer = raw(toy_site.nginx.https_port, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["status"] == "BAD_REQUEST"


def test_the_log_tells_who_asked_for_what_and_no_query(toy_site: ToySite) -> None:
    for path in ("/api/v1/logged", "/api/v1/hang-up", "/media/none.jpg", "/api/v1/health/ready"):
        headers = {"X-Request-ID": "logged-1", "Referer": "https://x/?canary-9", "token": "canary-9", **FORGED}
        toy_site.ask("GET", f"{path}?token=canary-9", headers=headers)
    requests.get(f"{toy_site.nginx.http_url}/api/v1/x?token=canary-9", allow_redirects=False, timeout=10)
    lines = [line for line in toy_site.nginx.access_log() if line["request_id"] == "logged-1"]
    assert [(line["path"], line["status"]) for line in lines] == [
        ("/api/v1/logged", 200),
        ("/api/v1/hang-up", 502),
        ("/media/none.jpg", 404),
        ("/api/v1/health/ready", 404),
    ]
    assert {line["client"] for line in lines} == {"127.0.0.1"}
    assert lines[0]["host"].split(", ")[-1] in [toy.address for toy in toy_site.toys]
    assert "canary" not in toy_site.nginx.logged()
