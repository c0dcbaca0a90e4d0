"""Response shapes: the compiled function says what flask-restx's marshal would, with moments that end in Z."""

import json
from dataclasses import make_dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import flask_restx
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import literal, select, union_all

from flask_api.core import fields
from flask_api.core.response_shapes import ResponseShape, to_json
from flask_api.core.transaction import rows

inner = ResponseShape("TestInner", {"id": fields.Integer(attribute="number"), "name": fields.String(nullable=True)})
outer = ResponseShape(
    "TestOuter",
    {
        "id": fields.Integer(),
        "title": fields.String(attribute="caption"),
        "deep": fields.String(attribute="one.name"),
        "flag": fields.Boolean(),
        "at": fields.DateTime(nullable=True),
        "day": fields.Date(nullable=True),
        "any": fields.Object(),
        "word": fields.Choice(["a", "b"], nullable=True),
        "one": fields.Nested(inner),
        "perhaps": fields.Nested(inner, nullable=True),
        "many": fields.List(fields.Nested(inner)),
        "numbers": fields.List(fields.Integer()),
    },
)
text = st.text(st.characters(exclude_categories=["Cs"]))
number = st.integers(-(2**53), 2**53)
Inner = make_dataclass("Inner", ["number", "name"])
Outer = make_dataclass(
    "Outer", ["id", "caption", "flag", "at", "day", "any", "word", "one", "perhaps", "many", "numbers"]
)
inners = st.builds(Inner, number, st.none() | text)
moments = st.datetimes(min_value=datetime(1000, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC))
outers = st.builds(
    Outer,
    id=number,
    caption=text,
    flag=st.booleans(),
    at=st.none() | moments,
    day=st.none() | st.dates(min_value=date(1000, 1, 1)),
    any=st.dictionaries(text, text | number | st.lists(st.booleans())),
    word=st.sampled_from([None, "a", "b"]),
    one=inners,
    perhaps=st.none() | inners,
    many=st.lists(inners, max_size=3),
    numbers=st.lists(number),
)


def marshalled(value: Any) -> Any:
    """What flask-restx makes of it; it writes UTC as +00:00."""
    found = json.loads(json.dumps(flask_restx.marshal(value, outer)))
    if found["at"] is not None:
        found["at"] = found["at"].replace("+00:00", "Z")
    return found


@given(outers)
def test_the_compiled_function_says_what_marshal_says(value: Any) -> None:
    assert json.loads(to_json(outer.serialise(value))) == marshalled(value)


@given(st.lists(outers, max_size=3))
def test_a_list_says_the_same(values: list[Any]) -> None:
    assert json.loads(to_json(outer.serialise_list(values))) == [marshalled(value) for value in values]


def test_rows_of_a_query_say_the_same_as_objects(app: Flask) -> None:
    """Lists of rows take another path through the compiler."""
    shape = ResponseShape(
        "TestRow",
        {
            "id": fields.Integer(attribute="number"),
            "name": fields.String(),
            "part": fields.Part(ResponseShape("TestPart", {"title": fields.String(attribute="name")})),
        },
    )
    one = select(literal(1).label("number"), literal("a'\"\n").label("name"), literal("x").label("unused"))
    two = select(literal(2).label("number"), literal("😀").label("name"), literal("x").label("unused"))
    with app.app_context():
        found = rows(union_all(one, two).order_by("number"))
    expected = [
        {"id": 1, "name": "a'\"\n", "part": {"title": "a'\"\n"}},
        {"id": 2, "name": "😀", "part": {"title": "😀"}},
    ]
    assert shape.serialise_list(found) == expected
    assert [shape.serialise(row) for row in found] == expected
    assert shape.serialise_list([SimpleNamespace(number=3, name="a")])[0]["id"] == 3


def test_a_list_of_nothing_is_empty() -> None:
    assert outer.serialise_list([]) == []


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2026, 11, 20, 8, 30, tzinfo=UTC), "2026-11-20T08:30:00Z"),
        (datetime(2026, 11, 20, 8, 30, 0, 1, tzinfo=UTC), "2026-11-20T08:30:00.000001Z"),
        (datetime(2026, 11, 20, 8, 30), "2026-11-20T08:30:00Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
    ],
)
def test_a_moment_is_written_in_utc_with_z(moment: datetime, written: str) -> None:
    assert json.loads(to_json(moment)) == written


def test_a_moment_of_another_zone_names_the_same_instant() -> None:
    there = datetime(2026, 11, 20, 16, 30, tzinfo=timezone(timedelta(hours=8)))
    assert datetime.fromisoformat(json.loads(to_json(there))) == there


def test_a_field_that_the_object_lacks_is_a_crash_and_not_null() -> None:
    with pytest.raises(AttributeError):
        inner.serialise(SimpleNamespace(number=1))
