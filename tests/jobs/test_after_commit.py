"""What is to follow a commit: done after it, once, and not at all without it."""

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from flask_api.core.transaction import MYSQL_DEADLOCK, after_commit, in_transaction, transactional


def test_it_follows_the_commit_of_the_outermost_service(app: Flask) -> None:
    told: list[object] = []

    @transactional
    def inner() -> None:
        after_commit(lambda: told.append(in_transaction()))

    @transactional
    def outer() -> None:
        inner()
        told.append("outer")

    with app.app_context():
        outer()
    assert told == ["outer", False]


def test_it_does_not_follow_a_rollback(app: Flask) -> None:
    told: list[str] = []

    @transactional
    def service() -> None:
        after_commit(lambda: told.append("never"))
        raise LookupError

    with app.app_context(), pytest.raises(LookupError):
        service()
    assert told == []


def test_it_follows_once_when_a_deadlock_has_the_service_run_again(app: Flask) -> None:
    told, runs = [], []

    @transactional
    def service() -> None:
        runs.append(1)
        after_commit(lambda: told.append(len(runs)))
        if len(runs) < 3:
            raise OperationalError("", {}, Exception(MYSQL_DEADLOCK, "Deadlock found"))

    with app.app_context():
        service()
    assert (told, len(runs)) == ([3], 3)


def test_its_failure_is_logged_and_harms_nobody(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []

    @transactional
    def service() -> str:
        after_commit(lambda: 1 / 0)
        after_commit(lambda: told.append("the next"))
        return "stored"

    with app.app_context():
        assert service() == "stored"
    assert told == ["the next"]
    assert "what should follow a commit failed" in caplog.text


def test_without_a_transaction_it_is_done_at_once(app: Flask) -> None:
    told: list[str] = []
    after_commit(lambda: told.append("done"))
    assert told == ["done"]
