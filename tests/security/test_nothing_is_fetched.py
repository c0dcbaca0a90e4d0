"""No URL that a caller sends is fetched: the product has nothing to fetch one with, and a trap stays empty."""

import ast
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.clients import Client
from tests.factories import Factory
from tests.security.operations import Operation, each
from tests.security.test_others_objects import World
from tests.test_design import imports

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "flask_api").rglob("*.py"))
# What speaks HTTP or another protocol to whoever it is told to. A provider that needs one is to be named in ALLOWED,
# with an address that comes from the settings and from nowhere else.
CLIENTS = {
    *("requests", "httpx", "urllib3", "aiohttp", "pycurl", "httplib2", "treq", "niquests", "tornado.httpclient"),
    *("tornado.simple_httpclient", "tornado.curl_httpclient", "urllib.request", "http.client", "xmlrpc.client"),
    *("ftplib", "smtplib", "telnetlib", "poplib", "imaplib", "nntplib", "socks", "boto3", "botocore", "websockets"),
    *("tornado.tcpclient", "webbrowser", "feedparser"),
}
ALLOWED = {
    "server/supervision.py": {"http.client", "xmlrpc.client"},  # to supervisord, on a socket of our own
    "providers/mail/smtp.py": {"smtplib"},
    "providers/outside.py": {"http.client", "urllib3"},
    "providers/outside_connections.py": {"urllib3"},
    "providers/storage/s3.py": {"boto3", "botocore"},
}
BY_NAMES_OF_OURS = {"adapters.py": {"import_module"}}  # what the settings choose among, from our own folders
BY_NAME = {"__import__", "import_module", "urlopen", "urlretrieve", "create_connection", "open_connection"}


def test_no_module_imports_what_could_fetch() -> None:
    found: dict[str, set[str]] = {}
    for path in SOURCES:
        for module, name in imports(path):
            dotted = f"{module}.{name}."
            for client in CLIENTS:
                if dotted.startswith(f"{client}."):
                    found.setdefault(str(path.relative_to(ROOT / "flask_api")), set()).add(client)
    assert found == ALLOWED


def test_no_module_goes_round_the_imports() -> None:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            called = node.func if isinstance(node, ast.Call) else None
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            allowed = BY_NAMES_OF_OURS.get(path.name, ())
            assert name not in BY_NAME or name in allowed, f"{path.name}:{getattr(node, 'lineno', 0)} calls {name}"


@pytest.fixture(scope="module")
def trap() -> Iterator[socket.socket]:
    """Listens; nobody may come."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        listening.setblocking(False)
        yield listening


def baited(value: Any, url: str) -> Any:
    """Put the address in the place of every text."""
    if isinstance(value, dict):
        return {name: baited(inner, url) for name, inner in value.items()}
    if isinstance(value, list):
        return [baited(inner, url) for inner in value]
    return url if isinstance(value, str) else value


@each()
def test_nobody_comes_to_an_address_that_a_caller_sends(
    house: Factory, nobody: Client, trap: socket.socket, operation: Operation
) -> None:
    host = f"127.0.0.1:{trap.getsockname()[1]}"
    url = f"http://{host}/canary"
    names = ("Origin", "Referer", "X-Forwarded-For", "X-Original-URL", "Forwarded", "X-Wap-Profile", "Location", "From")
    options = {"headers": {**dict.fromkeys(names, url), "X-Forwarded-Host": host, "Host": host}}
    path = World(house).address(operation) if operation.has_id else operation.path
    texts = [name for name, described in operation.fields.items() if described.get("type") == "string"]
    # One text at a time too, as a shape may refuse all of them for one.
    bodies = [baited(operation.example, url), *({**operation.example, name: url} for name in texts)]
    for client in (nobody, house.admin()):
        for body in bodies:
            client.call(operation.method, path, json=body, **options)
        query = dict.fromkeys((*operation.query, "url", "callback", "webhook"), url)
        client.call(operation.method, path, query_string=query, **options)
    with pytest.raises(BlockingIOError):
        trap.accept()
