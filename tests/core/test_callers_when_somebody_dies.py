"""The copy of the user in Redis when a writer dies, a reader stalls, or Redis forgets half-way."""

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from redis.exceptions import RedisError
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from flask_api.core import callers
from flask_api.extensions import db
from flask_api.settings import Settings
from flask_api.users import services
from tests.clients import Client, data, failure
from tests.conftest import start_app, stop_app
from tests.core.conftest import KeptOf, needs_mariadb
from tests.core.other_process import AFTER_COMMIT, BEFORE_COMMIT, COLUMNS, OtherProcess
from tests.factories import Factory
from tests.services.redis_server import RedisServer

pytestmark = pytest.mark.long

PROFILE = "tests.core.test_callers_when_somebody_dies:rename"


def rename(user_id: int, nickname: str) -> None:
    """A service whose arguments all have places."""
    services.change_profile(user_id, nickname=nickname)


def nickname(user: Client) -> str:
    return str(data(user.get("/users/me"))["nickname"])


@pytest.fixture
def user(make: Factory) -> Client:
    """Somebody whose record is in Redis."""
    user = make.user(nickname="Before")
    assert nickname(user) == "Before"
    return user


@pytest.mark.parametrize(("point", "expected"), [(BEFORE_COMMIT, "Before"), (AFTER_COMMIT, "After")])
def test_after_a_writer_was_killed_readers_see_what_the_database_says(
    point: str, expected: str, app: Flask, settings: Settings, user: Client, other: OtherProcess, kept_of: KeptOf
) -> None:
    other.call_and_die(point, PROFILE, user.user_id, "After")
    assert [nickname(user), nickname(user)] == [expected, expected]
    assert (kept_of(user) or b"").startswith(b"marker:")
    assert 0 < app.extensions["redis"].ttl(f"caller:{{{user.user_id}}}") <= callers.MARKER_LIFETIME
    with OtherProcess(settings) as another:
        another.call(PROFILE, user.user_id, "Later")
    assert [nickname(user), nickname(user)] == ["Later", "Later"]


def test_when_a_dead_writers_marker_has_run_out_the_record_is_kept_again(
    app: Flask, user: Client, other: OtherProcess, kept_of: KeptOf
) -> None:
    other.call_and_die(AFTER_COMMIT, PROFILE, user.user_id, "After")
    app.extensions["redis"].pexpire(f"caller:{{{user.user_id}}}", 1)
    assert [nickname(user), nickname(user)] == ["After", "After"]
    assert (kept_of(user) or b"").startswith(b"{")


def test_while_a_writer_stands_before_its_commit_readers_see_the_old_and_keep_nothing(
    user: Client, other: OtherProcess, kept_of: KeptOf
) -> None:
    other.begin_and_stop(BEFORE_COMMIT, PROFILE, user.user_id, "After")
    assert [nickname(user), nickname(user)] == ["Before", "Before"]
    assert (kept_of(user) or b"").startswith(b"marker:")
    other.go_on()
    assert nickname(user) == "After"


def test_while_a_writer_stands_after_its_commit_readers_see_the_new(user: Client, other: OtherProcess) -> None:
    other.begin_and_stop(AFTER_COMMIT, PROFILE, user.user_id, "After")
    assert [nickname(user), nickname(user)] == ["After", "After"]
    other.go_on()
    assert nickname(user) == "After"


@pytest.fixture
def stalled() -> Iterator[tuple[threading.Event, threading.Event]]:
    """The next reader stalls between reading the database and storing the record: (it has read, it may go on)."""
    has_read, may_go_on, first = threading.Event(), threading.Event(), threading.Lock()

    def load(user_id: int) -> callers.Record | None:
        record = services.load_caller(user_id)
        if first.acquire(blocking=False):
            has_read.set()
            may_go_on.wait(20)
        return record

    callers.loader(services.CALLER.selected_columns.keys())(load)
    yield has_read, may_go_on
    callers.loader(services.CALLER.selected_columns.keys())(services.load_caller)


@pytest.mark.parametrize("lease_ran_out", [False, True])
def test_a_reader_that_stalls_before_storing_cannot_store_the_old_record(
    lease_ran_out: bool,
    app: Flask,
    user: Client,
    other: OtherProcess,
    stalled: tuple[threading.Event, threading.Event],
) -> None:
    has_read, may_go_on = stalled
    key = f"caller:{{{user.user_id}}}"
    app.extensions["redis"].delete(key)
    seen: list[str] = []
    reader = threading.Thread(target=lambda: seen.append(nickname(user)))
    reader.start()
    assert has_read.wait(20)
    other.call(PROFILE, user.user_id, "After")
    if lease_ran_out:
        app.extensions["redis"].delete(key)
        assert nickname(user) == "After"  # stores the new one
    may_go_on.set()
    reader.join()
    assert seen == ["Before"]  # it began before the change
    assert [nickname(user), nickname(user)] == ["After", "After"]


def test_a_change_is_not_committed_when_redis_goes_away_before_its_marker(settings: Settings) -> None:
    with RedisServer() as own:
        app = start_app(settings.model_copy(update={"redis_url": own.url()}))
        user = Factory(app).user(nickname="Before")
        assert nickname(user) == "Before"

        def kill_redis(*_: object) -> None:
            own.kill()

        with app.app_context():
            event.listen(db.engine, "begin", kill_redis)
        assert failure(user.patch("/users/me", json={"nickname": "After"})) == (503, "SERVICE_UNAVAILABLE")
        with app.app_context():
            event.remove(db.engine, "begin", kill_redis)
            assert (services.load_caller(user.user_id or 0) or {})["nickname"] == "Before"
            with pytest.raises(RedisError):
                services.change_profile(user.user_id or 0, nickname="After")
            assert (services.load_caller(user.user_id or 0) or {})["nickname"] == "Before"
        stop_app(app)


def test_a_change_holds_when_redis_lost_its_marker_before_the_commit(
    app: Flask, user: Client, other: OtherProcess
) -> None:
    other.begin_and_stop(BEFORE_COMMIT, PROFILE, user.user_id, "After")
    app.extensions["redis"].delete(f"caller:{{{user.user_id}}}")  # a restart, or a replica that had not heard of it
    assert nickname(user) == "Before"
    other.go_on()
    assert nickname(user) == "After"


def test_a_marker_stands_when_nobody_knows_whether_the_commit_happened(
    app: Flask, user: Client, kept_of: KeptOf
) -> None:
    def lose_the_answer(_connection: object) -> None:
        raise OperationalError("COMMIT", {}, Exception(2013, "Lost connection to server during query"))

    with app.app_context():
        engine = db.engine
        event.listen(engine, "commit", lose_the_answer)
        with pytest.raises(OperationalError):
            services.change_profile(user.user_id or 0, nickname="After")
        event.remove(engine, "commit", lose_the_answer)
    # The server may carry the COMMIT out later; a record read until then would stay for ten minutes.
    assert (kept_of(user) or b"").startswith(b"marker:")


@needs_mariadb
@pytest.mark.mariadb
def test_a_change_of_one_table_does_not_take_away_the_marker_of_a_change_of_the_other(
    user: Client, settings: Settings, other: OtherProcess
) -> None:
    """A ban and a change of profile lock different rows (FOR UPDATE OF, MySQL 8), so they do not wait in turn."""
    with OtherProcess(settings) as profile_writer:
        other.begin_and_stop(BEFORE_COMMIT, "tests.core.test_callers_when_somebody_dies:ban", user.user_id)
        profile_writer.call(COLUMNS, "UserInfo", user.user_id, nickname="After")
        assert nickname(user) == "After"  # not banned yet
        other.go_on()
        assert failure(user.get("/users/me")) == (401, "TOKEN_INVALID")


def ban(user_id: int) -> None:
    """Ban as MySQL 8 does it, where only the row of user_auth is locked."""
    from tests.core.other_process import change_column

    change_column("UserAuth", user_id, status="banned")
