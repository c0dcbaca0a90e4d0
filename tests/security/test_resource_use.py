"""No request may ask for more than its share: pages, bodies and headers end where the settings say."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flask_api.albums.services import MAX_PHOTOS
from flask_api.blog.services import MAX_CATEGORIES
from flask_api.labels.catalogue import MAX_LABELS as MAX_IN_CATALOGUE
from flask_api.labels.services import MAX_LABELS
from flask_api.settings import Settings
from flask_api.vip.models import NAMES
from tests.clients import data, failure
from tests.factories import Factory
from tests.security.operations import OPERATIONS, Operation, page, resolved
from tests.security.test_others_objects import World
from tests.server.conftest import RunningServer

# Lists that no parameter bounds: what holds them.
BOUNDED_BY_RULE = {
    "GET /auth/sessions": Settings.model_fields["max_sessions"].default,
    "GET /users/{user_id}/photos": MAX_PHOTOS,
    "GET /users/me/photos": MAX_PHOTOS,
    "GET /users/me/entitlements": len(NAMES),
    "GET /users/{user_id}": MAX_LABELS,
    "GET /users/me/labels": MAX_LABELS,
    "GET /labels": MAX_IN_CATALOGUE,
    "GET /admin/labels": MAX_IN_CATALOGUE,
    "GET /blog/categories": MAX_CATEGORIES,
}
WHOLE = {"GET /auth/account/export"}  # everything of one user, once in a while
PAGED = [operation for operation in OPERATIONS if operation.query.keys() & {"limit", "per_page"}]
NUMBERS = [(one, name) for one in OPERATIONS for name, said in one.query.items() if said["type"] == "integer"]
MOST = 1000  # of anything in one answer
OF_PEOPLE = {"age_min", "age_max", "height_min", "height_max"}  # numbers that ask for no more, the larger they are


def lists_of(operation: Operation) -> list[str]:
    """The names of all lists in its answer, however deep."""
    described = page()["paths"][operation.path][operation.method.lower()]["responses"]
    schema = next(response["schema"] for code, response in described.items() if code.startswith("2"))
    return sorted(_lists(schema, ""))


def _lists(schema: dict[str, Any], name: str) -> Iterator[str]:
    schema = resolved(schema)
    if schema.get("type") == "array":
        yield name
        yield from _lists(schema["items"], name)
    for inner_name, inner in schema.get("properties", {}).items():
        yield from _lists(inner, inner_name)
    for inner in schema.get("allOf", []):
        yield from _lists(inner, name)


def test_every_list_is_a_page_or_is_bounded_by_a_rule() -> None:
    listing = {str(one) for one in OPERATIONS if one.method == "GET" and lists_of(one)}
    assert listing - {str(one) for one in PAGED} == BOUNDED_BY_RULE.keys()
    assert max(BOUNDED_BY_RULE.values()) <= MOST


@pytest.fixture(scope="session")
def world(house: Factory) -> World:
    return World(house)


@pytest.mark.parametrize(("operation", "name"), NUMBERS, ids=str)
def test_number_is_taken_at_its_bounds_and_refused_beyond(world: World, operation: Operation, name: str) -> None:
    said = operation.query[name]
    lowest, highest = said["minimum"], said["maximum"]
    assert name.endswith("_id") or name in OF_PEOPLE or highest <= 100

    def ask(value: object) -> tuple[int, str]:
        return failure(world.admin.get(world.address(operation), query_string={name: value}))

    assert ask(lowest) == ask(highest) == (200, "SUCCESS")
    beyond = [
        lowest - 1,
        highest + 1,
        -1,
        2**63,
        10**30,
        "9" * 5000,
        "1e2",
        "0x10",
        "1.5",
        "",
        " 1",
        "+1",
        "١",
        "null",
        "NaN",
    ]
    assert {str(value)[:20]: ask(value) for value in beyond if ask(value) != (400, "INVALID_FIELD")} == {}


@pytest.mark.parametrize("operation", PAGED, ids=str)
def test_page_holds_what_was_asked_for_and_20_unasked(house: Factory, operation: Operation) -> None:
    world = World(house)
    name = "limit" if "limit" in operation.query else "per_page"
    assert operation.query[name]["default"] == 20
    assert operation.query[name]["maximum"] == 100
    for asked, most in (({name: 1}, 1), ({name: 2}, 2), ({}, 20)):
        answered = data(world.admin.get(world.address(operation), query_string=asked))
        assert len(answered.get("items", answered.get("posts", {}).get("items"))) <= most


def test_texts_and_lists_of_every_body_have_an_end() -> None:
    """So that a body below the cap cannot be one field of a megabyte."""
    for operation in OPERATIONS:
        for name, said in operation.fields.items():
            if said["type"] == "string":
                ends = {"maxLength", "enum", "pattern"} & said.keys() or said.get("format") in ("date", "date-time")
                assert ends, f"{operation}: {name} may be of any length"
            elif said["type"] == "array":
                assert "maxItems" in said, f"{operation}: {name} may have any number of items"
            elif said["type"] == "integer":
                assert {"minimum", "maximum"} <= said.keys(), f"{operation}: {name} may be any number"


@pytest.mark.parametrize("length", [100_000, 1_000_000])
def test_long_text_in_any_field_is_refused_at_once(world: World, length: int) -> None:
    """Patterns are matched in linear time, and what is too long is not repeated."""
    for operation in OPERATIONS:
        for name, said in operation.fields.items():
            if said["type"] == "string" and "enum" not in said:
                body = {**operation.example, name: "a" * (length - 500)}
                answer = world.admin.call(operation.method, world.address(operation), json=body)
                assert failure(answer) == (400, "INVALID_FIELD"), (operation, name)
                assert len(answer.data) < 2000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    running = RunningServer(tmp_path_factory.mktemp("server"), max_header_size=4096, max_body_size=10_000)
    yield running
    running.stop()


@pytest.mark.parametrize(("length", "code"), [(9_999, 200), (10_000, 200), (10_001, 413), (10**12, 413)])
def test_body_is_taken_up_to_the_cap(server: RunningServer, length: int, code: int) -> None:
    with server.connect() as wire:
        wire.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % length)
        if code == 200:
            wire.send(b"x" * length)
        assert wire.reply().code == code


@pytest.mark.parametrize(("over", "code"), [(-1, 200), (0, 200), (1, 413)])
def test_chunks_are_taken_up_to_the_cap(server: RunningServer, over: int, code: int) -> None:
    with server.connect() as wire:
        wire.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        wire.send(b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (5000, b"x" * 5000, 5000 + over, b"x" * (5000 + over)))
        assert wire.reply().code == code


@pytest.mark.parametrize(("over", "code"), [(-1, 200), (0, 200), (1, 431), (10_000, 431)])
def test_head_is_taken_up_to_the_cap(server: RunningServer, over: int, code: int) -> None:
    with server.connect() as wire:
        head = b"GET / HTTP/1.1\r\nHost: h\r\nX-Long: "
        wire.send(head + b"x" * (4096 - len(head) + over) + b"\r\n\r\n")
        assert wire.reply().code == code


@pytest.mark.parametrize(
    "name", [b"X-Request-ID", b"Host", b"Content-Length", b"Transfer-Encoding", b"Connection", b"A"]
)
def test_padding_in_a_malformed_head_keeps_nobody_waiting(server: RunningServer, name: bytes) -> None:
    """One thread reads for all: what it does with a head must be linear in its length."""
    with server.connect() as evil, server.connect() as other:
        began = time.perf_counter()
        evil.send(b"GET / HTTP/1.1\r\nHost: h\r\n%b:%bx\nA: b\r\n\r\n" % (name, b" \t" * 2000))
        assert evil.reply().code in (400, 431)
        assert other.get("/").code == 200
        assert time.perf_counter() - began < 1


def test_default_caps_are_those_of_a_json_api() -> None:
    caps = {name: Settings.model_fields[name].default for name in ("max_body_size", "max_header_size")}
    assert caps == {"max_body_size": 2**20, "max_header_size": 16 * 2**10}
    site = (Path(__file__).resolve().parents[2] / "deploy" / "nginx.conf").read_text()
    assert re.search(r"client_max_body_size 1m;", site), "nginx lets in as much as the app"
