"""What holds for every endpoint: taken from the Swagger file, so that a new one is here without being thought of."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flask_api.core.database import Base
from tests.clients import Client, failure
from tests.conftest import make_settings, start_app
from tests.factories import Factory

CAP = 1024 * 1024  # bytes of a body
IDS = ["0", "999999", str(2**63 - 1), str(2**63), "9" * 5000, "-1", "abc", "1.0", "%00", "%20", "null", "1%2F2"]


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    needs_login: bool
    needs_basic: bool
    has_body: bool
    has_query: bool
    needs_role: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def has_id(self) -> bool:
        return "{" in self.path

    def url(self, value: str = "999999") -> str:
        return re.sub(r"{\w+}", value, self.path)

    def call(self, client: Client, value: str = "999999", **kwargs: Any) -> tuple[int, str]:
        return failure(client.call(self.method, self.url(value), **kwargs))

    def send(self, client: Client, body: bytes | str, content_type: str | None = "application/json") -> tuple[int, str]:
        return self.call(client, data=body, content_type=content_type)


def read_operations() -> list[Operation]:
    app = start_app(make_settings(Path("/nonexistent")))  # nothing is opened
    swagger = app.test_client().get("/api/swagger.json").get_json()
    found = []
    for path, item in sorted(swagger["paths"].items()):
        for method in sorted(item.keys() - {"parameters"}):
            kinds = {parameter["in"] for parameter in item[method].get("parameters", [])}
            schemes = {name for scheme in item[method].get("security", []) for name in scheme}
            needs_role = "ROLE_MISSING" in item[method]["responses"].get("403", {}).get("description", "")
            found.append(
                Operation(
                    method=method.upper(),
                    path=path,
                    needs_login="token" in schemes,
                    needs_basic="basic" in schemes,
                    has_body="body" in kinds,
                    has_query="query" in kinds,
                    needs_role=needs_role,
                )
            )
    return found


OPERATIONS = read_operations()


def each(*conditions: str) -> pytest.MarkDecorator:
    """Run a test for each operation of which all this is true."""
    chosen = [operation for operation in OPERATIONS if all(getattr(operation, name) for name in conditions)]
    assert chosen
    return pytest.mark.parametrize("operation", chosen, ids=str)


def stored(make: Factory) -> dict[str, list[Any]]:
    return {name: [tuple(row) for row in make.execute(table.select())] for name, table in Base.metadata.tables.items()}


@pytest.fixture
def caller(make: Factory) -> Client:
    """Somebody who may do everything; no last admin, so that nothing is refused for that."""
    make.admin()
    return make.admin()


BAD_BODIES = {
    "nothing": b"",
    "half an object": b'{"phone": ',
    "text": b"phone=13800138000",
    "not UTF-8": b'{"phone": "\xff"}',
    "UTF-16": '{"phone": "1"}'.encode("utf-16"),
    "two values": b"{} {}",
    "list": b"[]",
    "null": b"null",
    "string": b'"x"',
    "number": b"1",
    "NaN": b'{"phone": NaN}',
    "too deep": b'{"phone": ' + b"[" * 40 + b"]" * 40 + b"}",
    "very deep": b"[" * 100_000,
    "huge number": b'{"phone": ' + b"9" * 5000 + b"}",
    "NUL": b'{"phone": "\\u0000"}',
    "lone surrogate": b'{"phone": "\\ud800"}',
    "name twice": b'{"phone": 1, "phone": 1}',
    "unknown field": b'{"no_such_field": 1}',
    "many unknown fields": json.dumps({f"f{number}": 1 for number in range(1000)}).encode(),
}


@each("has_body")
def test_body_that_is_not_of_the_shape_is_400_and_stores_nothing(
    make: Factory, caller: Client, operation: Operation
) -> None:
    before = stored(make)
    answers = {name: operation.send(caller, body) for name, body in BAD_BODIES.items()}
    assert {name: answer for name, answer in answers.items() if answer[0] != 400} == {}
    assert {status for _, status in answers.values()} == {"BAD_JSON", "INVALID_FIELD"}
    assert stored(make) == before


@each("has_body")
def test_unknown_field_is_named(caller: Client, operation: Operation) -> None:
    answer = caller.call(operation.method, operation.url(), json={"no_such_field": 1, "role ": "admin"})
    named = {error["field"]: error["message"] for error in answer.get_json()["errors"]}
    assert named["no_such_field"] == named["role "] == "is not a field of this request"


@each("has_body")
def test_body_that_is_not_json_by_its_type_is_415(make: Factory, caller: Client, operation: Operation) -> None:
    before = stored(make)
    for content_type in (None, "", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "x"):
        assert operation.send(caller, b"{}", content_type) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert stored(make) == before


@each("has_body")
def test_body_over_the_cap_is_413(make: Factory, caller: Client, operation: Operation) -> None:
    before = stored(make)
    body = b'{"phone": "' + b"x" * CAP + b'"}'
    assert operation.send(caller, body) == (413, "TOO_LARGE")
    assert operation.send(caller, body[:CAP])[0] == 400
    assert stored(make) == before


@each("needs_login")
def test_login_comes_before_anything_else(client: Client, make: Factory, operation: Operation) -> None:
    dead = make.user()
    dead.post("/auth/logout")
    before = stored(make)
    for stranger, status in ((client, "TOKEN_MISSING"), (dead, "TOKEN_INVALID")):
        assert operation.call(stranger) == (401, status)
        for body in (b"", b"{", b"[]", b'{"no_such_field": 1}'):
            assert operation.send(stranger, body) == (401, status)
        assert operation.send(stranger, b"{}", "text/plain") == (401, status)
        assert operation.call(stranger, query_string={"no_such_parameter": "1"}) == (401, status)
    assert stored(make) == before


@each("needs_login")
def test_login_comes_before_the_size_of_the_body(client: Client, operation: Operation) -> None:
    """A stranger does not even have a large body read."""
    assert operation.send(client, b"x" * (CAP + 1)) == (401, "TOKEN_MISSING")


@each("needs_role", "has_body")
def test_role_comes_before_the_body(make: Factory, operation: Operation) -> None:
    user = make.user()
    for body in (b"", b"{", b"{}", b"[]", b"x" * (CAP - 1)):
        assert operation.send(user, body) == (403, "ROLE_MISSING")
    assert operation.send(user, b"{}", "text/plain") == (403, "ROLE_MISSING")


@each()
def test_operation_without_a_lock_on_the_page_asks_for_no_token(client: Client, operation: Operation) -> None:
    code, status = operation.call(client, json={} if operation.has_body else None)
    assert (status == "TOKEN_MISSING") == operation.needs_login
    assert (status == "BASIC_MISSING") == operation.needs_basic
    assert code < 500 or operation.path == "/health/ready"


@each("has_id")
def test_no_id_is_a_crash(make: Factory, caller: Client, operation: Operation) -> None:
    before = stored(make)
    for value in IDS:
        code, status = operation.call(caller, value, json={} if operation.has_body else None)
        read = operation.method == "GET" and "archive" in operation.path  # a year, and one may be empty
        assert 400 <= code < 500 or (read and code == 200), (value[:30], code, status)
    assert stored(make) == before


@each("has_query")
def test_unknown_or_repeated_query_parameter_is_400(caller: Client, operation: Operation) -> None:
    value = "2026" if "archive" in operation.path else "999999"
    for query in ({"no_such_parameter": "1"}, {"limit": ["1", "1"]}, {"userId": "1"}, {"": ""}):
        assert operation.call(caller, value, query_string=query) == (400, "INVALID_FIELD")


@each()
def test_method_that_is_not_on_the_page_is_405(caller: Client, operation: Operation) -> None:
    known = {other.method for other in OPERATIONS if other.path == operation.path}
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - known:
        answer = caller.call(method, operation.url("1"))
        assert failure(answer) == (405, "METHOD_NOT_ALLOWED")
        assert known <= set(answer.headers["Allow"].split(", "))
