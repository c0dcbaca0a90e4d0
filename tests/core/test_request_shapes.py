"""Request shapes: closed, all errors at once, in our words; values as Python's own."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_api.core import fields
from flask_api.core.errors import InvalidField
from flask_api.core.request_shapes import RequestShape
from flask_api.core.shape import Shape
from tests.clients import failure
from tests.factories import Factory

CANARY = "c4n4ry"
address = Shape(
    "TestAddress",
    {"street": fields.String(required=True, max_length=5), "number": fields.Integer(), "since": fields.Date()},
)
shape = RequestShape(
    "TestPerson",
    {
        "name": fields.String(required=True, max_length=4),
        "code": fields.String(pattern="^[0-9]{6}$"),
        "age": fields.Integer(min=0, max=150),
        "height": fields.Integer(nullable=True),
        "mood": fields.Choice(["good", "bad"], nullable=True),
        "open": fields.Boolean(),
        "born": fields.Date(nullable=True),
        "at": fields.DateTime(),
        "address": fields.Nested(address),
        "others": fields.List(fields.Nested(address), max_items=2),
        "days": fields.List(fields.Date()),
    },
)


def problems(value: Any) -> dict[str, str]:
    with pytest.raises(InvalidField) as caught:
        shape.load(value)
    assert caught.value.errors is not None
    return {error["field"]: error["message"] for error in caught.value.errors}


def test_all_fields_at_fault_are_reported_together_without_their_values() -> None:
    sent: dict[str, Any] = {name: [CANARY] for name in shape}
    sent |= {"address": {"street": CANARY, "x": CANARY}, "others": [{"street": "a"}, {"number": CANARY}], "y": CANARY}
    found = problems(sent)
    expected = {"address.street", "address.x", "others.1.street", "others.1.number", "y", "days.0"}
    assert found.keys() == (shape.keys() - {"address", "others", "days"}) | expected
    assert CANARY not in json.dumps(found)


@given(st.dictionaries(st.sampled_from([*shape, "other"]), st.just(CANARY) | st.lists(st.just(CANARY)), min_size=1))
def test_no_error_repeats_what_was_sent(sent: dict[str, Any]) -> None:
    with pytest.raises(InvalidField) as caught:
        shape.load(sent)
    assert CANARY not in json.dumps([caught.value.message, caught.value.errors])


@pytest.mark.parametrize("value", [None, [], [{}], "x", 1, True])
def test_a_body_that_is_no_object_is_refused_as_a_whole(value: Any) -> None:
    assert problems(value) == {"body": "must be an object"}


def test_null_is_taken_only_where_the_shape_says_so() -> None:
    assert shape.load({"name": "a", "height": None, "mood": None, "born": None})["born"] is None
    found = problems({"name": None, "age": None, "open": None, "at": None, "address": None, "others": None})
    assert found.keys() == {"name", "age", "open", "at", "address", "others"}


def test_a_word_beside_null_is_one_of_the_enumeration() -> None:
    assert problems({"name": "a", "mood": "so-so"}) == {"mood": "must be one of: good, bad"}


@pytest.mark.parametrize("code", ["123456\n", "\n123456", "12345６", "1234567", "12345", "123456\x0b"])
def test_a_pattern_holds_for_the_whole_text(code: str) -> None:
    assert problems({"name": "a", "code": code}).keys() == {"code"}


@pytest.mark.parametrize("name", ["😀😀😀😀", "aaaa"])
def test_lengths_count_characters(name: str) -> None:
    assert shape.load({"name": name})["name"] == name


@pytest.mark.parametrize("wrong", [True, "1", 1.5, 151, -1, [1], 1e300])
def test_a_whole_number_is_one(wrong: Any) -> None:
    assert problems({"name": "a", "age": wrong}).keys() == {"age"}


def test_a_number_without_a_fraction_is_a_whole_number() -> None:
    age = shape.load({"name": "a", "age": 3.0})["age"]
    assert (age, type(age)) == (3, int)


def test_days_and_moments_become_pythons_own() -> None:
    loaded = shape.load({"name": "a", "born": "1996-05-17", "at": "2026-11-20T16:30:00.5+08:00"})
    assert loaded["born"] == date(1996, 5, 17)
    assert loaded["at"] == datetime(2026, 11, 20, 8, 30, 0, 500_000, tzinfo=UTC)
    assert loaded["at"].tzinfo is UTC


def test_values_below_the_first_level_become_pythons_own_too() -> None:
    place = {"street": "a", "number": 3.0, "since": "2020-02-29"}
    loaded = shape.load({"name": "a", "address": place, "others": [dict(place)], "days": ["2020-02-29"]})
    for found in (loaded["address"], loaded["others"][0]):
        assert (found["since"], type(found["number"])) == (date(2020, 2, 29), int)
    assert loaded["days"] == [date(2020, 2, 29)]


DAYS = ["0000-01-01", "2026-02-30", "2026-13-01", "20260517", "2026-W01-1", "1996-5-17", "1996-05-17T00:00:00Z", ""]
MOMENTS = ["2026-11-20T08:30:00", "2026-11-20", "2026-11-20T25:00:00Z", "2026-02-30T00:00:00Z", "now", "1700000000"]
UNUSUAL = [  # RFC 3339 allows them, Python knows none of them
    "2016-12-31T23:59:60Z",
    "2026-11-20t08:30:00z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "0000-01-01T00:00:00Z",
]


@pytest.mark.parametrize("day", DAYS)
def test_what_is_no_day_is_refused(day: str) -> None:
    assert problems({"name": "a", "born": day}).keys() == {"born"}


@pytest.mark.parametrize("moment", MOMENTS)
def test_what_is_no_moment_is_refused(moment: str) -> None:
    assert problems({"name": "a", "at": moment}).keys() == {"at"}


@pytest.mark.parametrize("moment", UNUSUAL)
def test_an_unusual_moment_is_taken_or_refused_and_never_crashes(moment: str) -> None:
    try:
        loaded = shape.load({"name": "a", "at": moment})
    except InvalidField:
        return
    assert loaded["at"].tzinfo is UTC


def test_a_change_must_change_something() -> None:
    changes = RequestShape("TestChanges", {"name": fields.String()}, any_of_them=True)
    with pytest.raises(InvalidField) as caught:
        changes.load({})
    assert caught.value.errors == [{"field": "body", "message": "must name at least one field"}]


@pytest.mark.parametrize("day", ["0000-01-01", "0000-12-31"])
def test_the_year_0_is_400_on_the_wire(day: str, make: Factory) -> None:
    assert failure(make.user().patch("/users/me", json={"birthday": day})) == (400, "INVALID_FIELD")


@pytest.mark.parametrize("number", ["9223372036854775807.0", "9.223372036854775807e18", "1e19", "1e300"])
def test_a_float_beyond_64_bits_is_400_on_the_wire(number: str, make: Factory) -> None:
    body = f'{{"title": "a", "body": "b", "category_id": {number}}}'
    response = make.user().post("/blog/posts", data=body, content_type="application/json")
    assert failure(response) == (400, "INVALID_FIELD")
