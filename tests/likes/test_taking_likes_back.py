"""Taking likes back: who learns of it, and what giving one again counts for."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from flask_api.hot import scores
from tests.clients import Client, data
from tests.factories import Factory


def like(me: Client, whom: Client) -> Any:
    return data(me.put(f"/likes/{whom.user_id}"))


def test_like_is_undone(make: Factory) -> None:
    me, other = make.user(), make.user()
    like(me, other)
    assert me.delete(f"/likes/{other.user_id}").status_code == 200
    assert data(me.get("/likes"))["items"] == []
    assert me.delete(f"/likes/{other.user_id}").status_code == 200


def test_taking_back_a_like_does_not_tell_who_has_blocked_me_from_who_hides(make: Factory) -> None:
    me, blocking, hidden, stranger = (make.user() for _ in range(4))
    for other in (blocking, hidden):
        like(me, other)
    blocking.put(f"/blocks/{me.user_id}")
    hidden.patch("/users/me", json={"visibility": "nobody"})
    paths = [f"/likes/{user_id}" for user_id in (blocking.user_id, hidden.user_id, stranger.user_id, 999999)]
    answers = [{**me.delete(path).get_json(), "request_id": ""} for path in paths]
    assert answers == [answers[0]] * 4
    assert answers[0]["status"] == "SUCCESS"


def test_like_that_is_given_and_taken_back_again_and_again_counts_and_rings_once(make: Factory, app: Flask) -> None:
    me, other = make.user(), make.user()
    like(other, me)
    for _ in range(3):
        like(me, other)
        assert data(other.get("/users/me/badges")) == {"visitors": 0, "likes": 1, "matches": 1}
        me.delete(f"/likes/{other.user_id}")
    score = app.extensions["redis"].zscore(scores.SCORES, str(other.user_id))
    assert score == pytest.approx(scores.exponent(scores.LIKE, datetime.now(UTC).timestamp()), abs=0.01)
    like(me, other)
    other.post("/likes/received/seen")
    other.post("/matches/seen")
    me.delete(f"/likes/{other.user_id}")
    assert like(me, other)["is_match"]
    assert data(other.get("/users/me/badges")) == {"visitors": 0, "likes": 0, "matches": 0}
    assert 0 < app.extensions["redis"].ttl(f"liked:{{{me.user_id}}}:{other.user_id}") <= 86400


def test_like_that_was_taken_back_the_day_before_is_new(make: Factory, app: Flask) -> None:
    me, other = make.user(), make.user()
    like(me, other)
    other.post("/likes/received/seen")
    me.delete(f"/likes/{other.user_id}")
    assert app.extensions["redis"].delete(f"liked:{{{me.user_id}}}:{other.user_id}")  # it has run out
    like(me, other)
    assert data(other.get("/users/me/badges"))["likes"] == 1
