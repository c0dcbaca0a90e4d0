"""Whom somebody looks for."""

import pytest

from tests.clients import data, failure
from tests.factories import Factory

ANYBODY = {"gender": None, "age_min": None, "age_max": None}


def test_wishes_are_for_anybody_until_they_are_told_and_replaced_as_a_whole(make: Factory) -> None:
    me = make.user()
    assert data(me.get("/users/me/wishes")) == ANYBODY
    told = {"gender": "female", "age_min": 25, "age_max": 35}
    assert data(me.put("/users/me/wishes", json=told)) == data(me.get("/users/me/wishes")) == told
    assert data(me.put("/users/me/wishes", json=ANYBODY)) == data(me.get("/users/me/wishes")) == ANYBODY


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"age_min": 17}, "age_min"),
        ({"age_max": 121}, "age_max"),
        ({"age_min": 40, "age_max": 39}, "age_min"),
        ({"gender": "any"}, "gender"),
        ({"age_min": 20.5}, "age_min"),
    ],
)
def test_impossible_wishes_are_refused_and_the_old_ones_stay(
    make: Factory, changes: dict[str, object], field: str
) -> None:
    me = make.user()
    answer = me.put("/users/me/wishes", json={**ANYBODY, **changes})
    assert failure(answer) == (400, "INVALID_FIELD")
    assert answer.get_json()["field"] == field
    assert data(me.get("/users/me/wishes")) == ANYBODY


def test_wishes_that_leave_a_field_out_are_refused(make: Factory) -> None:
    assert failure(make.user().put("/users/me/wishes", json={"gender": None})) == (400, "INVALID_FIELD")
