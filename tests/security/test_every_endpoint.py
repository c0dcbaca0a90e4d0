"""What holds for every endpoint, whatever is sent to it."""

import json

import pytest

from tests.clients import Client, failure
from tests.factories import Factory
from tests.security.operations import OPERATIONS, Operation, each, stored

CAP = 1024 * 1024  # bytes of a body
IDS = ["0", "999999", str(2**63 - 1), str(2**63), "9" * 5000, "-1", "abc", "1.0", "%00", "%20", "null", "1%2F2"]


@pytest.fixture(scope="session")
def dead(house: Factory) -> Client:
    """Somebody who has logged out."""
    user = house.user()
    user.post("/auth/logout")
    return user


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
    house: Factory, chief: Client, operation: Operation
) -> None:
    before = stored(house)
    answers = {name: operation.send(chief, body) for name, body in BAD_BODIES.items()}
    assert {name: answer for name, answer in answers.items() if answer[0] != 400} == {}
    assert {status for _, status in answers.values()} == {"BAD_JSON", "INVALID_FIELD"}
    assert stored(house) == before


@each("has_body")
def test_unknown_field_is_named(chief: Client, operation: Operation) -> None:
    answer = chief.call(operation.method, operation.url(), json={"no_such_field": 1, "role ": "admin"})
    named = {error["field"]: error["message"] for error in answer.get_json()["errors"]}
    assert named["no_such_field"] == named["role "] == "is not a field of this request"


@each("has_body")
def test_body_that_is_not_json_by_its_type_is_415(house: Factory, chief: Client, operation: Operation) -> None:
    before = stored(house)
    for content_type in (None, "", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "x"):
        assert operation.send(chief, b"{}", content_type) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert stored(house) == before


@each("has_body")
def test_body_over_the_cap_is_413(house: Factory, chief: Client, operation: Operation) -> None:
    before = stored(house)
    body = b'{"phone": "' + b"x" * CAP + b'"}'
    assert operation.send(chief, body) == (413, "TOO_LARGE")
    assert operation.send(chief, body[:CAP])[0] == 400
    assert stored(house) == before


@each("needs_login")
def test_login_comes_before_anything_else(nobody: Client, dead: Client, house: Factory, operation: Operation) -> None:
    before = stored(house)
    for stranger, status in ((nobody, "TOKEN_MISSING"), (dead, "TOKEN_INVALID")):
        assert operation.call(stranger) == (401, status)
        for body in (b"", b"{", b"[]", b'{"no_such_field": 1}'):
            assert operation.send(stranger, body) == (401, status)
        assert operation.send(stranger, b"{}", "text/plain") == (401, status)
        assert operation.call(stranger, query_string={"no_such_parameter": "1"}) == (401, status)
    assert stored(house) == before


@each("needs_login")
def test_login_comes_before_the_size_of_the_body(nobody: Client, operation: Operation) -> None:
    """A stranger does not even have a large body read."""
    assert operation.send(nobody, b"x" * (CAP + 1)) == (401, "TOKEN_MISSING")


@each("needs_role", "has_body")
def test_role_comes_before_the_body(somebody: Client, operation: Operation) -> None:
    for body in (b"", b"{", b"{}", b"[]", b"x" * (CAP - 1)):
        assert operation.send(somebody, body) == (403, "ROLE_MISSING")
    assert operation.send(somebody, b"{}", "text/plain") == (403, "ROLE_MISSING")


@each()
def test_operation_without_a_lock_on_the_page_asks_for_no_token(nobody: Client, operation: Operation) -> None:
    code, status = operation.call(nobody, json={} if operation.has_body else None)
    assert (status == "TOKEN_MISSING") == operation.needs_login
    assert (status == "BASIC_MISSING") == operation.needs_basic
    assert code < 500 or operation.path == "/health/ready"


@each("has_id")
def test_no_id_is_a_crash(house: Factory, chief: Client, operation: Operation) -> None:
    before = stored(house)
    for value in IDS:
        code, status = operation.call(chief, value, json={} if operation.has_body else None)
        read = operation.method == "GET" and "archive" in operation.path  # a year, and one may be empty
        silent = str(operation) == "DELETE /likes/{user_id}"  # says nothing, whoever it is
        assert 400 <= code < 500 or ((read or silent) and code == 200), (value[:30], code, status)
    assert stored(house) == before


@each("has_query")
def test_unknown_or_repeated_query_parameter_is_400(chief: Client, operation: Operation) -> None:
    value = "2026" if "archive" in operation.path else "999999"
    for query in ({"no_such_parameter": "1"}, {"limit": ["1", "1"]}, {"userId": "1"}, {"": ""}):
        assert operation.call(chief, value, query_string=query) == (400, "INVALID_FIELD")


@each()
def test_method_that_is_not_on_the_page_is_405(chief: Client, operation: Operation) -> None:
    known = {other.method for other in OPERATIONS if other.path == operation.path}
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - known:
        answer = chief.call(method, operation.url("1"))
        assert failure(answer) == (405, "METHOD_NOT_ALLOWED")
        assert known <= set(answer.headers["Allow"].split(", "))
