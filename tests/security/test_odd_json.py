"""Odd values in every field of every body, and the patterns that look at them: 400 or taken, never 500, never slow.

What is no JSON at all is in test_every_endpoint.py; what the decoder refuses, in tests/core/test_strict_json.py.
"""

import importlib
import json
import pkgutil
import re
import time
from collections.abc import Iterator
from pathlib import Path
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

import pytest

import flask_api
from tests.factories import Factory
from tests.security.operations import Operation, each
from tests.security.test_others_objects import World

ODD: list[Any] = [
    *(None, True, False, 0, -1, 1.5, -0.0, 1e-320, 2**53 + 1, 2**63 - 1, -(2**63), 1e300),
    *(
        "",
        " ",
        "\n",
        "a\nb",
        "\t",
        "\r\n",
        "\x01",
        "\x7f",
        "\x85",
        "\u2028",
        "\u200b",
        "\u202e",
        "\ufeff",
        "\ufffe",
        "\uffff",
    ),
    *("😀" * 40, "e\u0301" * 400, "ﷺ" * 200, "İ", "ß", "%00", "%s%n", "{0}", "{{7*7}}", "${7*7}", "../../etc/passwd"),
    *("' OR 1=1 --", '"; DROP TABLE user_auth; --', "<script>", "\\", "\\u0000", "NaN", "null", "true", "1e400"),
    *([], {}, [[]], [None], {"": ""}, {"$ne": None}, {"__class__": "x"}, ["a"] * 1000),
    *("2026-02-30", "0000-01-01", "9999-12-31T23:59:60Z", "2026-01-01T00:00:00+99:99", "１９９６-05-17"),
]
LONGEST = 16 * 1024  # bytes of a head


@each("has_body")
def test_odd_value_in_any_field_is_no_crash(house: Factory, operation: Operation) -> None:
    world = World(house)
    path = world.address(operation)
    for name in operation.fields:
        for value in ODD:
            odd = {**operation.example, name: value}
            for body in {json.dumps(odd), json.dumps(odd, ensure_ascii=False)}:  # escaped, and as it is
                answer = world.admin.call(operation.method, path, data=body, content_type="application/json")
                assert answer.status_code < 500, (name, value)
                assert answer.status_code < 300 or len(answer.data) < 5000


@each("has_body")
def test_line_break_after_a_good_value_makes_it_a_bad_one(house: Factory, operation: Operation) -> None:
    """``$`` would take it in Python; what has a form has none with a line's end behind it."""
    world = World(house)
    shaped = [name for name, said in operation.fields.items() if {"pattern", "format", "enum"} & said.keys()]
    for name in shaped:
        if operation.fields[name].get("pattern") == r"\S":  # any text that is not blank
            continue
        good = operation.example
        if name not in good:  # another of those of which exactly one is sent
            required = (operation.body or {}).get("required", [])
            good = {field: operation.fields[field]["example"] for field in (*required, name)}
        for end in ("\n", "\r\n", "\u2028", "\x00", " "):
            body = {**good, name: good[name] + end}
            answer = world.admin.call(operation.method, world.address(operation), json=body)
            assert answer.status_code == 400, (name, end)


@each("has_query")
def test_odd_text_in_any_parameter_is_no_crash(world_of_all: World, operation: Operation) -> None:
    path = world_of_all.address(operation)
    for name in operation.query:
        for value in ODD:
            if isinstance(value, str):
                answer = world_of_all.admin.get(path, query_string={name: value})
                assert answer.status_code in (200, 400), (name, value)
        for raw in ("%", "%zz", "%ff", "%c0%af", "%00", "%ed%a0%80", "a=b=c", "[]=1", "&&&", ";", "\u2028"):
            assert world_of_all.admin.get(f"{path}?{name}={raw}").status_code in (200, 400), raw


@pytest.fixture(scope="session")
def world_of_all(house: Factory) -> World:
    return World(house)


def patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Every compiled pattern that a module of the product keeps."""
    for module in pkgutil.walk_packages(flask_api.__path__, "flask_api."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, re.Pattern):
                yield f"{module.name}.{name}", value


PATTERNS = dict(patterns())
SOURCE = "".join(path.read_text() for path in Path(flask_api.__path__[0]).rglob("*.py"))
each_pattern = pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS.keys())


def operators(parsed: Any) -> Iterator[Any]:
    """Yield (operator, argument) of a parsed pattern, at all depths."""
    for operator, argument in parsed:
        yield operator, argument
        parts = argument if isinstance(argument, tuple | list) else [argument]
        for part in parts:
            for inner in part if isinstance(part, list) else [part]:
                if isinstance(inner, _parser.SubPattern):
                    yield from operators(inner)


@each_pattern
def test_pattern_ends_with_the_text_and_not_before_its_last_line_break(pattern: re.Pattern[Any]) -> None:
    if not pattern.flags & re.MULTILINE:
        parsed = _parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE)
        ends = [argument for operator, argument in operators(parsed) if operator is _constants.AT]
        assert _constants.AT_END not in ends, r"write \Z"


@each_pattern
def test_pattern_is_linear(pattern: re.Pattern[Any]) -> None:
    """A head full of one letter takes no time; where two repetitions stand side by side it would take hours."""
    name = next(name for name, kept in PATTERNS.items() if kept is pattern).rpartition(".")[2]
    looks = [pattern.match, pattern.fullmatch]
    if re.search(rf"\b{name}\.(search|sub|split|findall|finditer)\(", SOURCE):
        looks.append(pattern.search)
    for start in ("", "x-request-id:", "http://", "1;", "200 "):
        for piece in ("a", "1", " ", "+1", "1.", "a ", "a,", "\t", "[[", "é"):
            text = start + piece * (LONGEST // len(piece)) + "x\0"
            evil = text.encode() if isinstance(pattern.pattern, bytes) else text
            began = time.perf_counter()
            for look in looks:
                look(evil)  # type: ignore[arg-type]
            assert time.perf_counter() - began < 1, (start, piece)
