"""The same request many times at once, from several processes, and from one that dies."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask, current_app
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from flask_api.blog import services
from flask_api.extensions import db
from flask_api.settings import Settings
from tests.clients import Client, data, failure
from tests.conftest import start_app, stop_app
from tests.core.other_process import AFTER_COMMIT, BEFORE_COMMIT, OtherProcess
from tests.factories import Factory, at_once
from tests.idempotency.creations import CREATIONS, REPLAYED, count, kept, new_key, ready, send, told

MANY, SOME = 50, 20
SEND = "tests.idempotency.test_at_once:send_here"
POSTS = "/blog/posts"


def send_here(token: str, path: str, body: dict[str, Any], key: str) -> None:
    """Send a request to the app of this process: what another process is told to do."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    assert send(Client(app, token), path, body, key).status_code == 201


@pytest.fixture
def admin(make: Factory) -> Client:
    return make.admin()


@pytest.fixture
def twice(app: Flask, settings: Settings, admin: Client) -> Iterator[list[Client]]:
    """One admin at two apps on one database, as at two processes."""
    second = start_app(settings)
    yield [admin, Client(second, admin.token)]
    stop_app(second)


@pytest.fixture
def other(app: Flask, settings: Settings) -> Iterator[OtherProcess]:
    with OtherProcess(settings) as process:
        yield process


@pytest.fixture
def post(make: Factory, admin: Client) -> dict[str, Any]:
    """The body of a request to write a post."""
    return ready(CREATIONS["post"], make, admin).body


@pytest.mark.parametrize("name", CREATIONS)
def test_fifty_at_once_to_two_processes_happen_once_and_get_the_same_bytes(
    name: str, make: Factory, twice: list[Client]
) -> None:
    creation = ready(CREATIONS[name], make, twice[0])
    rows, key = count(make, creation.table or "app_key"), new_key()

    def job(number: int) -> Any:
        return lambda: send(twice[number % 2], creation.path, creation.body, key)

    answers = at_once([job(number) for number in range(MANY)])
    assert Counter(answer.status_code for answer in answers) == {201: MANY}
    assert len({told(answer) for answer in answers}) == 1
    assert sum(REPLAYED not in answer.headers for answer in answers) == 1
    assert count(make, creation.table or "app_key") == rows + (1 if creation.table else 0)


def test_many_at_once_that_fail_all_say_why(make: Factory, twice: list[Client]) -> None:
    """None is a 503: whoever waits for one that fails then runs."""
    make.category("Travel")
    jobs = [lambda who=twice[n % 2]: send(who, "/blog/categories", {"name": "Travel"}, "1") for n in range(SOME)]
    assert Counter(failure(answer) for answer in at_once(jobs)) == {(409, "CATEGORY_TAKEN"): SOME}


def test_of_many_at_once_with_two_bodies_one_body_wins(make: Factory, twice: list[Client]) -> None:
    category = make.category()
    bodies = [{"title": title, "body": "b", "category_id": category} for title in ("One", "Other")]
    jobs = [lambda n=n: send(twice[n % 2], POSTS, bodies[n % 10 < 5], "1") for n in range(SOME)]
    answers = at_once(jobs)
    assert Counter(answer.status_code for answer in answers) == {201: SOME // 2, 409: SOME // 2}
    assert len({told(answer) for answer in answers if answer.status_code == 201}) == 1
    assert count(make, "blog_post") == 1


def test_with_keys_of_their_own_and_without_keys_all_happen(
    make: Factory, twice: list[Client], post: dict[str, Any]
) -> None:
    def with_key(who: Client) -> Any:
        return lambda: send(who, POSTS, post, new_key())

    def without(who: Client) -> Any:
        return lambda: who.post(POSTS, json=post)

    answers = at_once([(with_key, without)[n % 10 < 5](twice[n % 2]) for n in range(SOME)])
    assert Counter(answer.status_code for answer in answers) == {201: SOME}
    assert len({data(answer)["id"] for answer in answers}) == SOME
    assert len(kept(make)) == SOME // 2


@pytest.fixture
def key(admin: Client, post: dict[str, Any]) -> str:
    """A key whose first request has failed: its row is there, so the next commit is the one of an effect."""
    assert send(admin, POSTS, {**post, "category_id": 999999}, "1").status_code == 400
    return "1"


def test_killed_between_effect_and_commit_neither_effect_nor_answer_is_there(
    make: Factory, admin: Client, other: OtherProcess, post: dict[str, Any], key: str
) -> None:
    other.call_and_die(BEFORE_COMMIT, SEND, admin.token, POSTS, post, key)
    assert (count(make, "blog_post"), kept(make)) == (0, [])
    answer = send(admin, POSTS, post, key)
    assert (answer.status_code, answer.headers.get(REPLAYED)) == (201, None)
    assert count(make, "blog_post") == 1


def test_killed_between_commit_and_answer_the_next_request_gets_the_answer(
    make: Factory, admin: Client, other: OtherProcess, post: dict[str, Any], key: str
) -> None:
    other.call_and_die(AFTER_COMMIT, SEND, admin.token, POSTS, post, key)
    answer = send(admin, POSTS, post, key)
    assert (answer.status_code, answer.headers.get(REPLAYED)) == (201, "true")
    assert (count(make, "blog_post"), data(answer)["title"]) == (1, post["title"])


def test_who_comes_while_another_process_is_about_to_commit_waits_and_gets_its_answer(
    make: Factory, admin: Client, other: OtherProcess, post: dict[str, Any], key: str
) -> None:
    other.begin_and_stop(BEFORE_COMMIT, SEND, admin.token, POSTS, post, key)
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(send, admin, POSTS, post, key)
        other.go_on()
        answer = waiting.result()
    assert (answer.status_code, answer.headers.get(REPLAYED)) == (201, "true")
    assert count(make, "blog_post") == 1


def test_who_waits_too_long_is_503_and_gets_the_answer_later(
    make: Factory, admin: Client, other: OtherProcess, settings: Settings, post: dict[str, Any], key: str
) -> None:
    hasty = start_app(settings.model_copy(update={"database_timeout": 0.3}))  # of SQLite; MySQL's is 2 seconds
    other.begin_and_stop(BEFORE_COMMIT, SEND, admin.token, POSTS, post, key)
    late = send(Client(hasty, admin.token), POSTS, post, key)
    assert failure(late) == (503, "SERVICE_UNAVAILABLE")
    assert late.headers["Retry-After"] == "1"
    other.go_on()
    answer = send(Client(hasty, admin.token), POSTS, post, key)
    assert (answer.status_code, answer.headers.get(REPLAYED)) == (201, "true")
    assert count(make, "blog_post") == 1
    stop_app(hasty)


@pytest.fixture
def one_deadlock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The first post that is written ends in a deadlock; grows by one with each try."""
    tries: list[int] = []
    read_post = services.read_post

    def deadlock_once(post_id: int) -> Any:
        tries.append(post_id)
        if len(tries) == 1:
            raise OperationalError("x", {}, Exception(1213, "Deadlock found"))
        return read_post(post_id)

    monkeypatch.setattr(services, "read_post", deadlock_once)
    return tries


def test_after_a_deadlock_all_of_it_runs_again(
    make: Factory, admin: Client, post: dict[str, Any], one_deadlock: list[int]
) -> None:
    first, again = [send(admin, POSTS, post, "1") for _ in range(2)]
    assert (first.status_code, told(again), again.headers[REPLAYED]) == (201, told(first), "true")
    assert (len(one_deadlock), count(make, "blog_post"), len(kept(make))) == (2, 1, 1)


def test_a_failing_commit_leaves_neither(
    app: Flask, make: Factory, admin: Client, post: dict[str, Any], key: str
) -> None:
    def fail(_connection: object) -> None:
        raise OperationalError("COMMIT", {}, Exception(2013, "Lost connection"))

    with app.app_context():
        event.listen(db.engine, "commit", fail)
        assert failure(send(admin, POSTS, post, key)) == (503, "SERVICE_UNAVAILABLE")
        event.remove(db.engine, "commit", fail)
    assert (count(make, "blog_post"), kept(make)) == (0, [])
    assert send(admin, POSTS, post, key).status_code == 201
