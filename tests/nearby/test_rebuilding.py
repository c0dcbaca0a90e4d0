"""Redis emptied: it is told all places again, once, and nobody is given half a list meanwhile."""

from datetime import timedelta

import pytest
from flask import Flask
from redis.exceptions import ResponseError
from sqlalchemy import delete, select

from flask_api.core.database import now
from flask_api.core.job_rows import Job
from flask_api.core.remaking import Lost
from flask_api.nearby import circles, feeding
from flask_api.nearby.circles import PLACES, POLAR, READY, Shown
from flask_api.nearby.sphere import Point
from flask_api.users.models import UserAuth
from tests.clients import Client, failure
from tests.factories import Factory, at_once
from tests.jobs_run import run_jobs
from tests.nearby.town import CENTRE, away, ids, lose_places, move, settle

BEING_MADE = (503, "BEING_MADE")


def waiting(make: Factory) -> list[str]:
    return [row.name for row in make.execute(select(Job.name))]


def town(make: Factory, size: int = 3) -> tuple[Client, list[int | None]]:
    """Somebody, and who is near."""
    me = settle(make, make.user())
    return me, [settle(make, make.user(), away(n, n)).user_id for n in range(1, size)]


def test_emptied_redis_is_told_all_places_and_until_then_the_list_is_503(app: Flask, make: Factory) -> None:
    me, others = town(make)
    answer = me.get("/nearby")
    assert failure(answer) == BEING_MADE
    assert int(answer.headers["Retry-After"]) > 0
    run_jobs(app)
    assert ids(me) == others
    lose_places(app)
    assert failure(me.get("/nearby")) == BEING_MADE
    run_jobs(app)
    assert ids(me) == others


def test_many_who_notice_at_once_have_it_told_once(make: Factory) -> None:
    me, _ = town(make)
    answers = at_once([lambda: me.get("/nearby")] * 12)
    assert {failure(answer) for answer in answers} == {BEING_MADE}
    assert waiting(make) == ["nearby.feeding.remake"]


def test_where_nobody_has_a_place_nothing_is_missing(app: Flask, make: Factory) -> None:
    with app.app_context():
        assert feeding.nearest(CENTRE, 0, 10) == []
    assert waiting(make) == []


def test_a_move_notices_it_as_well(app: Flask, make: Factory) -> None:
    me, others = town(make)
    mover = make.user()
    move(mover, away(50))
    assert me.get("/nearby").status_code == 200
    assert ids(me) == [*others, mover.user_id]


def test_who_moves_while_all_places_are_told_is_found_at_the_new_one(
    app: Flask, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows of a batch are read; before Redis is told, one of them changes, and Redis is told of that first."""
    me, [other] = town(make, 2)
    tell = circles.put

    def tell_late(people: list[Shown]) -> bool:
        tell([Shown(other or 0, away(400), now())])
        return tell(people)

    monkeypatch.setattr(circles, "put", tell_late)
    with app.app_context():
        feeding.rebuild()
        assert feeding.nearest(CENTRE, 0, 10) == [me.user_id]
        assert feeding.nearest(away(400), 0, 10) == [other]


def test_emptied_again_while_it_is_told_it_is_not_taken_for_the_whole(app: Flask, make: Factory) -> None:
    me, others = town(make)
    with app.app_context(), pytest.raises(Lost):
        feeding.rebuild(lambda _: lose_places(app))
    assert failure(me.get("/nearby")) == BEING_MADE
    run_jobs(app)
    assert ids(me) == others


def test_two_do_not_tell_it_together(app: Flask, make: Factory) -> None:
    town(make)

    def another(_: int) -> None:
        with pytest.raises(Lost):
            feeding.rebuild()

    with app.app_context():
        feeding.rebuild(another)
        feeding.rebuild()


def test_job_that_comes_twice_does_no_harm(app: Flask, make: Factory) -> None:
    me, others = town(make)
    with app.app_context():
        feeding.remake.now()
        feeding.remake.now()
    assert ids(me) == others


def test_another_run_of_redis_is_told_all_places_while_it_shows_what_it_has(app: Flask, make: Factory) -> None:
    """A Redis that was started anew from its file, or that has taken over, may lack the last moves."""
    me, others = town(make)
    assert ids(me) == others
    redis = app.extensions["redis"]
    redis.set(READY, "0" * 40)
    redis.zrem(PLACES, str(others[0]))
    assert ids(me) == others[1:]
    with app.app_context():
        feeding.remake.now()
    assert ids(me) == others
    with app.app_context():
        redis.zrem(PLACES, str(others[0]))
        feeding.remake.now()
    assert ids(me) == others[1:], "of the same run nothing is told again"


def test_hidden_and_faded_places_are_not_told(app: Flask, make: Factory) -> None:
    me, others = town(make)
    settle(make, make.user(), is_hidden=True)
    settle(make, make.user(), latitude=None, longitude=None, placed_at=None)
    with app.app_context():
        feeding.rebuild()
    assert app.extensions["redis"].zcard(PLACES) == 1 + len(others)
    assert ids(me) == others


@pytest.mark.parametrize("place", [CENTRE, Point(89, 10)], ids=["city", "pole"])
def test_whom_the_table_does_not_know_is_taken_out(app: Flask, make: Factory, place: Point) -> None:
    """Erased by a release that knows no places, or while Redis was away."""
    me, others = town(make)
    gone = make.user()
    settle(make, gone, place, updated_at=now() - timedelta(minutes=1))
    redis = app.extensions["redis"]
    with app.app_context():
        feeding.rebuild()
        make.execute(delete(UserAuth).where(UserAuth.id == gone.user_id))
        feeding.rebuild()
    assert redis.zcard(PLACES) == 1 + len(others)
    assert redis.zcard(POLAR) == 0
    assert ids(me) == others


def test_failing_again_and_again_leaves_no_jobs_behind(
    app: Flask, make: Factory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: object) -> bool:
        raise ResponseError("OOM command not allowed")

    me, others = town(make)
    monkeypatch.setattr(circles, "put", fail)
    assert failure(me.get("/nearby")) == BEING_MADE
    run_jobs(app)
    assert waiting(make) == []
    assert "OOM" in caplog.text
    monkeypatch.undo()
    app.extensions["redis"].delete(feeding.PLACES.key("asked"))  # half a minute later
    assert ids(me) == others


def test_schedule_that_comes_round_during_a_rebuild_is_no_failure(app: Flask, make: Factory) -> None:
    town(make)
    with app.app_context():
        feeding.rebuild(lambda _: feeding.remake.now())
        assert feeding.PLACES.is_of_this_run()
