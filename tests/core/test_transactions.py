"""Transactions: all or nothing, one commit, deadlocks again, and SQLite writers in turn."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from flask_api.blog.models import BlogCategory
from flask_api.core.transaction import rows, transactional
from flask_api.extensions import db
from tests.core.conftest import needs_mariadb
from tests.factories import Factory


@pytest.fixture(autouse=True)
def _context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.fixture
def commits() -> Iterator[list[object]]:
    """Grows by one with each commit."""
    seen: list[object] = []
    count = seen.append
    event.listen(db.engine, "commit", count)
    yield seen
    event.remove(db.engine, "commit", count)


def names() -> list[str]:
    return [row.name for row in rows(select(BlogCategory.name).order_by(BlogCategory.name))]


@transactional
def add(name: str, then: Callable[[], None] | None = None) -> None:
    db.session.add(BlogCategory(name=name, post_count=0))
    db.session.flush()
    if then is not None:
        then()


def fail() -> None:
    raise LookupError


def test_a_service_that_returns_is_committed_once(commits: list[object]) -> None:
    add("a")
    assert (names(), len(commits)) == (["a"], 1)


def test_a_service_that_raises_leaves_nothing(commits: list[object]) -> None:
    with pytest.raises(LookupError):
        add("a", fail)
    assert (names(), commits) == ([], [])


def test_a_service_called_by_another_joins_its_transaction(commits: list[object]) -> None:
    add("a", lambda: add("b", lambda: add("c")))
    assert (names(), len(commits)) == (["a", "b", "c"], 1)


def test_when_the_outer_one_fails_nothing_of_the_inner_one_stays() -> None:
    def add_and_fail() -> None:
        add("b")
        fail()

    with pytest.raises(LookupError):
        add("a", add_and_fail)
    assert names() == []


def test_when_the_inner_one_fails_nothing_of_the_outer_one_stays() -> None:
    with pytest.raises(LookupError):
        add("a", lambda: add("b", fail))
    assert names() == []


def test_a_failure_leaves_the_thread_fit_for_the_next_transaction(commits: list[object]) -> None:
    for _ in range(3):
        with pytest.raises(LookupError):
            add("a", fail)
    add("a")
    assert (names(), len(commits)) == (["a"], 1)


def test_inside_a_transaction_rows_see_its_own_changes_and_outside_only_what_is_committed() -> None:
    seen: list[list[str]] = []
    app_names = ThreadPoolExecutor(1)

    def look() -> None:
        from flask import current_app

        app = current_app._get_current_object()  # type: ignore[attr-defined]

        def look_from_outside() -> list[str]:
            with app.app_context():
                return names()

        seen.extend([names(), app_names.submit(look_from_outside).result()])

    add("a", look)
    assert seen == [["a"], []]


def test_an_interrupt_rolls_back() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        add("a", interrupt)
    assert names() == []


def test_a_write_without_a_transaction_is_refused() -> None:
    db.session.add(BlogCategory(name="a", post_count=0))
    with pytest.raises(RuntimeError, match="transactional"):
        db.session.flush()
    db.session.rollback()


def test_another_error_of_the_database_is_not_tried_again() -> None:
    tries: list[int] = []

    def lose_connection() -> None:
        tries.append(1)
        raise OperationalError("x", {}, Exception(2013, "Lost connection"))

    with pytest.raises(OperationalError):
        add("a", lose_connection)
    assert len(tries) == 1


def test_a_deadlock_is_tried_three_times_and_then_raised() -> None:
    tries: list[int] = []

    def deadlock() -> None:
        tries.append(1)
        raise OperationalError("x", {}, Exception(1213, "Deadlock found"))

    with pytest.raises(OperationalError):
        add("a", deadlock)
    assert (len(tries), names()) == (3, [])


@needs_mariadb
@pytest.mark.mariadb
def test_of_two_services_in_a_deadlock_both_succeed_in_the_end(app: Flask) -> None:
    add("a", lambda: add("b"))
    both_hold_one, runs = threading.Barrier(2), []

    @transactional
    def lock(first: str, second: str) -> None:
        runs.append(first)
        for name in (first, second):
            query = select(BlogCategory).where(BlogCategory.name == name).with_for_update()
            db.session.scalars(query).one().post_count += 1
            db.session.flush()
            if name == first and len(runs) <= 2:
                both_hold_one.wait(5)

    def run(first: str, second: str) -> None:
        with app.app_context():
            lock(first, second)

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(run, "a", "b"), pool.submit(run, "b", "a")]:
            future.result()
    assert len(runs) == 3
    assert [row.post_count for row in rows(select(BlogCategory.post_count))] == [2, 2]


def test_writers_in_eight_threads_wait_for_each_other_and_none_fails(app: Flask) -> None:
    """On SQLite a reader that turns writer would fail at once with "database is locked"."""
    make = Factory(app)
    category = make.category("Busy")
    users = [make.user() for _ in range(8)]
    body = {"title": "a", "body": "b", "category_id": category}

    def write(number: int) -> list[int]:
        user = users[number]
        statuses = [user.patch("/users/me", json={"bio": str(round_)}).status_code for round_ in range(10)]
        return statuses + [user.post("/blog/posts", json=body).status_code for _ in range(10)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(write, range(8)))
    assert answers == [[200] * 10 + [201] * 10] * 8
    count = rows(select(BlogCategory.post_count).where(BlogCategory.id == category))[0].post_count
    assert count == 80
