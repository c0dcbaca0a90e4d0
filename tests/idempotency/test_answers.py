"""A request with an Idempotency-Key happens once, and its answer is told again."""

import json
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from flask_api.core.auth import TokenInvalid
from flask_api.core.database import now
from flask_api.core.idempotency_keys import LIFETIME, IdempotencyKey, answer_once
from flask_api.users.models import UserAuth
from tests.clients import Client, data, failure
from tests.conftest import start_app, stop_app
from tests.factories import Factory
from tests.idempotency.creations import CREATIONS, REPLAYED, Creation, count, kept, new_key, ready, send, told

POSTS = "/blog/posts"
BAD_KEYS = ["", " ", "a b", "a\tb", "é", "a\x7f", "x" * 65]


@pytest.fixture
def admin(make: Factory) -> Client:
    return make.admin()


@pytest.fixture(params=CREATIONS)
def creation(request: pytest.FixtureRequest, make: Factory, admin: Client) -> Creation:
    """Each request that creates, with what it needs."""
    return ready(CREATIONS[request.param], make, admin)


@pytest.fixture
def post(make: Factory, admin: Client) -> dict[str, Any]:
    """The body of a request to write a post."""
    return ready(CREATIONS["post"], make, admin).body


def age(make: Factory) -> None:
    """Make all keys as old as they get."""
    make.execute(update(IdempotencyKey).values(created_at=now() - LIFETIME))


def test_the_same_request_gets_the_same_bytes_and_happens_once(
    admin: Client, make: Factory, creation: Creation
) -> None:
    key = new_key()
    first = send(admin, creation.path, creation.body, key)
    rows = count(make, creation.table or "app_key")
    again = [send(admin, creation.path, creation.body, key) for _ in range(2)]
    assert first.status_code == 201
    assert [told(answer) for answer in again] == [told(first)] * 2
    assert [answer.headers.get(REPLAYED) for answer in (first, *again)] == [None, "true", "true"]
    assert [answer.content_type for answer in again] == [first.content_type] * 2
    assert count(make, creation.table or "app_key") == rows


def test_another_body_with_the_same_key_is_409_and_does_nothing(
    admin: Client, make: Factory, creation: Creation
) -> None:
    key = new_key()
    first = send(admin, creation.path, creation.body, key)
    rows = count(make, creation.table or "app_key")
    assert failure(send(admin, creation.path, creation.other_body, key)) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert count(make, creation.table or "app_key") == rows
    assert told(send(admin, creation.path, creation.body, key)) == told(first)


def test_the_answer_is_not_readable_in_the_database(admin: Client, make: Factory, creation: Creation) -> None:
    answer = send(admin, creation.path, creation.body, new_key())
    (row,) = make.execute(select(IdempotencyKey.__table__))
    assert row.code == 201
    assert row.sealed.startswith("gAAAA")
    assert not any(word in row.sealed for word in ("data", "secret", "SUCCESS"))
    assert answer.data.decode() not in row.sealed


def test_without_the_header_each_request_happens_and_nothing_is_kept(
    admin: Client, make: Factory, post: dict[str, Any]
) -> None:
    assert [admin.post(POSTS, json=post).status_code for _ in range(2)] == [201, 201]
    assert (count(make, "blog_post"), count(make, "idempotency_key")) == (2, 0)


def test_a_key_is_its_callers_own(admin: Client, make: Factory, post: dict[str, Any]) -> None:
    answers = [send(who, POSTS, post, "1") for who in (admin, make.user(), make.user())]
    assert [(answer.status_code, answer.headers.get(REPLAYED)) for answer in answers] == [(201, None)] * 3
    assert len({data(answer)["id"] for answer in answers}) == 3


def test_keys_differ_in_case(admin: Client, post: dict[str, Any]) -> None:
    answers = [send(admin, POSTS, post, key) for key in ("key", "KEY", "Key")]
    assert len({data(answer)["id"] for answer in answers}) == 3


def test_the_same_key_at_another_address_is_409(admin: Client, make: Factory, post: dict[str, Any]) -> None:
    assert send(admin, POSTS, post, "1").status_code == 201
    assert failure(send(admin, "/blog/categories", {"name": "New"}, "1")) == (409, "IDEMPOTENCY_KEY_REUSED")
    one, other = [ready(CREATIONS["secret"], make, admin) for _ in range(2)]
    assert send(admin, one.path, one.body, "2").status_code == 201
    assert failure(send(admin, other.path, other.body, "2")) == (409, "IDEMPOTENCY_KEY_REUSED")


def test_a_body_written_otherwise_is_the_same_request(admin: Client, post: dict[str, Any]) -> None:
    headers = {"Idempotency-Key": "1", "Content-Type": "application/json"}
    turned, with_a_point = dict(reversed(post.items())), {**post, "category_id": float(post["category_id"])}
    bodies = [json.dumps(post), json.dumps(turned, indent=2), json.dumps(with_a_point)]
    answers = [admin.post(POSTS, data=body, headers=headers) for body in bodies]
    assert len({told(answer) for answer in answers}) == 1


def test_signatures_of_version_1_in_the_query_do_not_make_it_another_request(
    admin: Client, post: dict[str, Any]
) -> None:
    paths = [f"{POSTS}?nonce={nonce}" for nonce in "ab"]
    first, again = [send(admin, path, post, "1") for path in paths]
    assert (told(again), again.headers[REPLAYED]) == (told(first), "true")


@pytest.mark.parametrize("key", BAD_KEYS, ids=repr)
def test_a_key_of_another_form_is_400_and_nothing_happens(
    key: str, app: Flask, admin: Client, make: Factory, post: dict[str, Any]
) -> None:
    answer = admin.call("POST", POSTS, json=post, environ_overrides={"HTTP_IDEMPOTENCY_KEY": key})
    assert failure(answer) == (400, "INVALID_FIELD")
    assert answer.get_json()["field"] == "Idempotency-Key"
    assert count(make, "blog_post") == 0


@pytest.mark.parametrize("key", ["x" * 64, '"8e03978e"', "!~,;=%00'"])
def test_any_printable_ascii_is_a_key(key: str, admin: Client, post: dict[str, Any]) -> None:
    first, again = [send(admin, POSTS, post, key) for _ in range(2)]
    assert (first.status_code, again.headers[REPLAYED]) == (201, "true")


def test_after_a_failure_the_key_is_free_and_the_request_runs_anew(admin: Client, make: Factory) -> None:
    category = make.category("Travel")
    for _ in range(2):
        answer = send(admin, "/blog/categories", {"name": "Travel"}, "1")
        assert failure(answer) == (409, "CATEGORY_TAKEN")
    assert kept(make) == []
    assert admin.delete(f"/blog/categories/{category}").status_code == 200
    answer = send(admin, "/blog/categories", {"name": "Travel"}, "1")
    assert (answer.status_code, answer.headers.get(REPLAYED)) == (201, None)


def test_a_key_whose_request_failed_may_come_with_another_body(admin: Client, post: dict[str, Any]) -> None:
    wrong = {**post, "category_id": 999999}
    assert failure(send(admin, POSTS, wrong, "1")) == (400, "INVALID_FIELD")
    assert send(admin, POSTS, post, "1").status_code == 201


def test_after_24_hours_the_key_is_as_new(admin: Client, make: Factory, post: dict[str, Any]) -> None:
    first = send(admin, POSTS, post, "1")
    age(make)
    other = send(admin, POSTS, {**post, "title": "Second light"}, "1")
    assert (other.status_code, other.headers.get(REPLAYED)) == (201, None)
    assert data(other)["id"] != data(first)["id"]
    again = send(admin, POSTS, {**post, "title": "Second light"}, "1")
    assert (told(again), again.headers[REPLAYED]) == (told(other), "true")
    assert count(make, "idempotency_key") == 1


def test_a_replay_is_of_the_moment_it_happened(admin: Client, post: dict[str, Any]) -> None:
    first = send(admin, POSTS, post, "1")
    admin.patch(f"{POSTS}/{data(first)['id']}", json={"title": "Later"})
    assert told(send(admin, POSTS, post, "1")) == told(first)
    admin.delete(f"{POSTS}/{data(first)['id']}")
    assert told(send(admin, POSTS, post, "1")) == told(first)


def test_login_and_role_come_before_the_key(client: Client, admin: Client, make: Factory) -> None:
    body = {"name": "New"}
    assert failure(send(client, "/blog/categories", body, "a b")) == (401, "TOKEN_MISSING")
    assert failure(send(make.user(), "/blog/categories", body, "a b")) == (403, "ROLE_MISSING")
    demoted = make.admin()
    assert send(demoted, "/admin/app-keys", body, "1").status_code == 201
    admin.patch(f"/admin/users/{demoted.user_id}", json={"role": "user"})
    assert failure(send(demoted, "/admin/app-keys", body, "1")) == (403, "ROLE_MISSING")


def test_the_body_is_checked_before_the_key(admin: Client) -> None:
    answer = send(admin, POSTS, {}, "a b")
    assert answer.get_json()["field"] != "Idempotency-Key"


def test_an_answer_is_told_by_the_key_of_encryption_before(admin: Client, app: Flask, post: dict[str, Any]) -> None:
    first, settings = send(admin, POSTS, post, "1"), app.extensions["settings"]
    keys = ["a new key of 32 characters and some more", settings.secret_key]
    other = start_app(settings.model_copy(update={"encryption_keys": keys}))
    assert told(send(Client(other, admin.token), POSTS, post, "1")) == told(first)
    stop_app(other)


def test_keys_go_with_their_owner_and_are_in_the_export(make: Factory) -> None:
    me = make.admin()
    send(me, "/blog/categories", {"name": "New"}, "my-key")
    (kept,) = data(me.get("/auth/account/export"))["data"]["idempotency_keys"]
    assert (kept["key"], kept.keys()) == ("my-key", {"key", "created_at"})
    make.execute(delete(UserAuth).where(UserAuth.id == me.user_id))
    assert count(make, "idempotency_key") == 0


def test_a_caller_who_was_erased_meanwhile_is_401(make: Factory, app: Flask) -> None:
    def never() -> Any:
        raise AssertionError

    with app.app_context(), pytest.raises(TokenInvalid):
        answer_once(999999, "1", "fingerprint", never)
