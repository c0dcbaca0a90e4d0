"""Scores: what counts, how it fades, and that order and time spoil nothing."""

import random
from collections.abc import Iterator
from math import log2
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as some

from flask_api.core.transaction import transactional
from flask_api.extensions import bind_redis
from flask_api.hot import scores
from flask_api.hot.scores import ADD, HALF_LIFE, LIKE, MESSAGE, SCORES, VISIT, added, exponent
from flask_api.settings import Settings
from tests.factories import at_once

START = 1_795_000_000.0  # a moment, Unix seconds
CENTURY = 100 * 365 * 86400.0
weights = some.sampled_from([VISIT, LIKE, MESSAGE])
events = some.lists(some.tuples(weights, some.floats(START, START + 60 * 86400)), min_size=1, max_size=30)


@pytest.fixture
def context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def score_of(happened: list[tuple[int, float]]) -> float:
    first, *rest = [exponent(weight, moment) for weight, moment in happened]
    for other in rest:
        first = added(first, other)
    return first


@given(events, some.randoms())
def test_order_in_which_things_arrive_does_not_matter(happened: list[tuple[int, float]], drawn: random.Random) -> None:
    shuffled = [*happened]
    drawn.shuffle(shuffled)
    assert score_of(shuffled) == pytest.approx(score_of(happened), abs=1e-9)


@given(events)
def test_score_is_the_logarithm_of_the_sum_of_what_has_faded(happened: list[tuple[int, float]]) -> None:
    last = max(moment for _, moment in happened)
    faded = sum(weight * 2 ** ((moment - last) / HALF_LIFE) for weight, moment in happened)
    assert score_of(happened) == pytest.approx(log2(faded) + last / HALF_LIFE, abs=1e-9)


@given(some.floats(0, CENTURY))
def test_two_visits_weigh_as_much_as_one_that_comes_two_days_later(later: float) -> None:
    moment = START + later
    assert score_of([(VISIT, moment)] * 2) == pytest.approx(score_of([(VISIT, moment + HALF_LIFE)]), abs=1e-7)


@given(events, weights, some.floats(START, START + 60 * 86400))
def test_nothing_that_happens_lowers_a_score(happened: list[tuple[int, float]], weight: int, moment: float) -> None:
    assert score_of([*happened, (weight, moment)]) >= score_of(happened)


@given(some.floats(0, 3 * CENTURY))
def test_scores_stay_small_and_exact_for_centuries(later: float) -> None:
    once, twice = score_of([(VISIT, START + later)]), score_of([(VISIT, START + later)] * 2)
    assert twice - once == pytest.approx(1, abs=1e-8)
    assert 0 < once < 1e6


def test_redis_adds_as_we_do(app: Flask, context: None) -> None:
    drawn = random.Random(1)
    for user_id in range(1, 20):
        happened = [(drawn.choice([1, 2, 5]), START + drawn.uniform(0, 30 * 86400)) for _ in range(12)]
        for weight, moment in happened:
            scores._note(user_id, weight, moment)
        assert app.extensions["redis"].zscore(SCORES, user_id) == pytest.approx(score_of(happened), abs=1e-9)


def test_an_event_is_one_trip_to_redis(app: Flask, context: None) -> None:
    redis = app.extensions["redis"]
    scores.note(1, VISIT)
    redis.config_resetstat()
    for _ in range(10):
        scores.note(1, VISIT)
    asked = {name: figures["calls"] for name, figures in redis.info("commandstats").items()}
    outside = {name: calls for name, calls in asked.items() if name not in INSIDE and "config" not in name}
    assert outside.pop("cmdstat_info", 0) in (0, 1)
    assert outside == {"cmdstat_evalsha": 10}


INSIDE = ("cmdstat_zscore", "cmdstat_zadd", "cmdstat_exists")  # what the script does


def test_all_that_comes_at_once_counts(app: Flask, context: None) -> None:
    def note() -> None:
        with app.app_context():
            scores._note(1, VISIT, START)

    at_once([note] * 64)
    assert app.extensions["redis"].zscore(SCORES, 1) == pytest.approx(log2(64) + START / HALF_LIFE, abs=1e-9)


def test_what_is_undone_does_not_count(app: Flask, context: None) -> None:
    @transactional
    def fail(error: Exception | None) -> None:
        scores.note(1, LIKE)
        assert app.extensions["redis"].zcard(SCORES) == 0, "before the commit"
        if error is not None:
            raise error

    with pytest.raises(ValueError, match="undone"):
        fail(ValueError("undone"))
    assert app.extensions["redis"].zcard(SCORES) == 0
    fail(None)
    assert app.extensions["redis"].zcard(SCORES) == 1


def test_without_redis_nothing_fails(app: Flask, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    bind_redis(app, settings.model_copy(update={"redis_url": "unix:///nonexistent/redis.sock"}))
    with app.app_context():
        scores.note(1, VISIT)
    assert "does not count" in caplog.text


def test_only_the_hottest_are_kept(app: Flask, context: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "KEPT", 3)
    monkeypatch.setattr(scores, "PORTION", 3)
    for user_id in range(1, 8):
        scores._note(user_id, VISIT, START + user_id)
    app.extensions["redis"].config_resetstat()
    scores.trim()
    assert app.extensions["redis"].info("commandstats")["cmdstat_zremrangebyrank"]["calls"] == 2
    assert [int(user_id) for user_id in app.extensions["redis"].zrange(SCORES, 0, -1)] == [5, 6, 7]


def test_script_takes_many_at_once(app: Flask, context: None) -> None:
    told: list[Any] = [part for user_id in range(1, 501) for part in (user_id, 1.0)]
    app.extensions["redis_trips"].ask(ADD.call([SCORES], *told), scripts=(ADD,))
    assert app.extensions["redis"].zcard(SCORES) == 500
