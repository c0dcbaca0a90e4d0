"""Who is measured: ours and its peers, how each starts, and whether it answers what it should."""

import json
import sys
import urllib.request
from dataclasses import dataclass
from typing import Any

from bench.processes import Pinned, free_port
from bench.seed import expected_items, expected_me
from bench.stage import Stage


class WrongAnswerError(Exception):
    """A contender does not answer what the rows say: measuring it would be unfair to the others."""


@dataclass(frozen=True)
class Endpoint:
    """What is asked for."""

    name: str
    title: str
    path: str


@dataclass(frozen=True)
class Contender:
    """A program that answers the endpoints; ``arguments`` are python's, with ``{port}`` and ``{folder}`` filled in."""

    name: str
    title: str
    arguments: str


@dataclass(frozen=True)
class Running:
    """A contender that is up."""

    contender: Contender
    process: Pinned
    headers: dict[str, str]

    def url(self, endpoint: Endpoint) -> str:
        """Return where this one answers the endpoint."""
        return f"http://127.0.0.1:{self.process.port}{endpoint.path}"


ME = Endpoint("me", "GET own profile, logged in", "/api/v1/users/me")
POSTS = Endpoint("list", "GET the 20 newest posts", "/api/v1/blog/posts?limit=20")
ENDPOINTS = (ME, POSTS)

OURS = Contender("ours", "Solo", "tornado_server.py --workers 1 --port {port}")
BARE = Contender(
    "bare", "bare tornado handler", "-m bench.peers.bare_tornado --port {port} --answers {folder}/answers.json"
)
RESTX_TORNADO = Contender("restx-tornado", "flask-restx, tornado", "-m bench.peers.restx_plain --port {port}")
RESTX_GUNICORN = Contender(
    "restx-gunicorn",
    "flask-restx, gunicorn",
    "-m gunicorn --worker-class gthread --workers 1 --threads 8 --bind 127.0.0.1:{port} "
    "bench.peers.restx_plain:create_app()",
)
FASTAPI = Contender(
    "fastapi",
    "FastAPI, uvicorn",
    "-m uvicorn --host 127.0.0.1 --port {port} --workers 1 --loop uvloop --http httptools --no-access-log "
    "bench.peers.fastapi_twin:app",
)
CONTENDERS = (OURS, BARE, RESTX_TORNADO, RESTX_GUNICORN, FASTAPI)


def start(contender: Contender, stage: Stage) -> Pinned:
    """Start a contender on the server's core; the stage stops it."""
    port = free_port()
    arguments = contender.arguments.format(port=port, folder=stage.folder).split()
    return stage.start(contender.name, [sys.executable, *arguments], core=stage.cores.server, port=port)


def ask(running: Running, endpoint: Endpoint) -> str:
    """Return the body of one answer."""
    request = urllib.request.Request(running.url(endpoint), headers=running.headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


def check(running: Running) -> None:
    """Ask once for each endpoint and compare with the rows.

    Raises:
        WrongAnswerError: something differs.
    """
    for endpoint in ENDPOINTS:
        try:
            _check_answer(endpoint, json.loads(ask(running, endpoint)))
        except (OSError, ValueError, KeyError, TypeError) as error:
            text = f"{running.contender.name}, {endpoint.name}: {error!r}\n{running.process.log_tail()}"
            raise WrongAnswerError(text) from error


def _check_answer(endpoint: Endpoint, answer: dict[str, Any]) -> None:
    if (answer["code"], answer["status"], set(answer)) != (200, "SUCCESS", {"code", "status", "message", "data"}):
        raise ValueError(f"not the envelope of a success: {answer}")
    data = answer["data"]
    if endpoint is POSTS and not (set(data) == {"items", "next_cursor"} and isinstance(data["next_cursor"], str)):
        raise ValueError(f"not a page with a cursor: {data}")
    found, wanted = (data, expected_me()) if endpoint is ME else (data["items"], expected_items())
    if found != wanted:
        raise ValueError(f"found {found}, wanted {wanted}")


def expected_answers() -> dict[str, str]:
    """Return the answers that the rows demand, by path, for the bare handler when ours is not there to copy."""
    head = {"code": 200, "status": "SUCCESS", "message": "Success"}
    bodies = {ME: expected_me(), POSTS: {"items": expected_items(), "next_cursor": "MTk4MQ=="}}
    return {
        endpoint.path.partition("?")[0]: json.dumps({**head, "data": data}, separators=(",", ":"))
        for endpoint, data in bodies.items()
    }
