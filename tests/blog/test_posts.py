"""Writing, reading, changing and deleting posts: who may, and what is kept."""

from typing import Any

import pytest

from tests.clients import Client, data, failure
from tests.factories import Factory


def write(me: Client, category: int, /, **fields: Any) -> Any:
    sent = {"title": "First light", "body": "A mirror.", "category_id": category, **fields}
    return me.post("/blog/posts", json=sent)


def test_written_post_is_answered_whole_and_read_by_anybody(make: Factory, client: Client) -> None:
    me, travel = make.user(nickname="Lin"), make.category("Travel")
    answer = write(me, travel, title="Title", body="Body\nof two lines")
    assert answer.status_code == 201
    post = data(answer)
    assert post["created_at"].endswith("Z")
    assert post["created_at"] == post["updated_at"] or post["created_at"] < post["updated_at"]
    assert {name: post[name] for name in ("title", "body", "category", "author")} == {
        "title": "Title",
        "body": "Body\nof two lines",
        "category": {"id": travel, "name": "Travel"},
        "author": {"id": me.user_id, "nickname": "Lin", "avatar": None},
    }
    assert data(client.get(f"/blog/posts/{post['id']}")) == post
    assert data(client.get("/blog/posts"))["items"] == [post]


def test_stranger_cannot_write(make: Factory, client: Client) -> None:
    assert failure(write(client, make.category())) == (401, "TOKEN_MISSING")
    assert data(client.get("/blog/posts"))["items"] == []


def test_author_changes_the_post(make: Factory, client: Client) -> None:
    me, travel, food = make.user(), make.category("Travel"), make.category("Food")
    before = data(write(me, travel))
    changed = data(me.patch(f"/blog/posts/{before['id']}", json={"title": "New", "category_id": food}))
    assert changed["updated_at"] > before["updated_at"]
    assert changed == {
        **before,
        "title": "New",
        "category": {"id": food, "name": "Food"},
        "updated_at": changed["updated_at"],
    }
    assert data(client.get(f"/blog/posts/{before['id']}")) == changed


def test_author_deletes_the_post(make: Factory, client: Client) -> None:
    me, travel = make.user(), make.category()
    post_id, other = make.post(me, travel), make.post(me, travel)
    assert me.delete(f"/blog/posts/{post_id}").status_code == 200
    for method in ("GET", "DELETE"):
        assert failure(me.call(method, f"/blog/posts/{post_id}")) == (404, "POST_NOT_FOUND")
    assert failure(me.patch(f"/blog/posts/{post_id}", json={"title": "x"})) == (404, "POST_NOT_FOUND")
    assert [post["id"] for post in data(client.get("/blog/posts"))["items"]] == [other]


def test_other_user_neither_changes_nor_deletes_it(make: Factory, client: Client) -> None:
    me, other, travel, food = make.user(), make.user(), make.category("Travel"), make.category("Food")
    post_id = make.post(me, travel)
    before = data(client.get(f"/blog/posts/{post_id}"))
    changes = {"title": "Stolen", "category_id": food}
    assert failure(other.patch(f"/blog/posts/{post_id}", json=changes)) == (403, "NOT_THE_AUTHOR")
    assert failure(other.delete(f"/blog/posts/{post_id}")) == (403, "NOT_THE_AUTHOR")
    assert data(client.get(f"/blog/posts/{post_id}")) == before


def test_admin_changes_and_deletes_any_post_and_the_author_stays(make: Factory) -> None:
    me, admin, travel = make.user(), make.admin(), make.category()
    post_id = make.post(me, travel)
    changed = data(admin.patch(f"/blog/posts/{post_id}", json={"body": "Moderated."}))
    assert (changed["body"], changed["author"]["id"]) == ("Moderated.", me.user_id)
    assert admin.delete(f"/blog/posts/{post_id}").status_code == 200


def test_demoted_admin_may_no_longer_change_others_posts(make: Factory) -> None:
    me, admin, chief, travel = make.user(), make.admin(), make.admin(), make.category()
    post_id = make.post(me, travel)
    chief.patch(f"/admin/users/{admin.user_id}", json={"role": "user"})
    assert failure(admin.delete(f"/blog/posts/{post_id}")) == (403, "NOT_THE_AUTHOR")


@pytest.mark.parametrize(
    "fields",
    [
        *[{"title": value} for value in ("x", "x" * 100, "😀" * 100, " x ")],
        *[{"body": value} for value in ("x", "林" * 10_000, "😀" * 10_000, "<script>alert(1)</script>")],
    ],
    ids=lambda fields: repr(fields)[:24],
)
def test_text_within_bounds_is_kept_to_the_letter(make: Factory, fields: dict[str, str]) -> None:
    post = data(write(make.user(), make.category(), **fields))
    assert {name: post[name] for name in fields} == fields


BAD = [
    *[{"title": value} for value in ("", " ", "\n\t", "\u3000", "x" * 101, None, 1, ["x"], "x\0")],
    *[{"body": value} for value in ("", "x" * 10_001, None, 1, "x\0")],
    *[{"category_id": value} for value in (0, -1, 999999, 2**63 - 1, "1", 1.5, True, None, [], 2**63, -(2**63))],
    *[{name: 1} for name in ("id", "author_id", "created_at", "updated_at", "post_count", "category", "author")],
]


@pytest.mark.parametrize("fields", BAD, ids=lambda fields: repr(fields)[:28])
def test_bad_field_is_400_and_stores_nothing(make: Factory, client: Client, fields: dict[str, object]) -> None:
    me, travel = make.user(), make.category()
    post_id = make.post(me, travel)
    before = data(client.get("/blog/posts"))["items"]
    for answer in (write(me, travel, **fields), me.patch(f"/blog/posts/{post_id}", json={"title": "Changed"} | fields)):
        assert answer.status_code == 400
        assert answer.get_json()["status"] in ("INVALID_FIELD", "BAD_JSON")
    assert data(client.get("/blog/posts"))["items"] == before
    assert data(client.get("/blog/categories"))["items"][0]["post_count"] == 1


@pytest.mark.parametrize("missing", ["title", "body", "category_id"])
def test_missing_field_is_400_and_named(make: Factory, missing: str) -> None:
    sent = {"title": "x", "body": "x", "category_id": make.category()}
    del sent[missing]
    answer = make.user().post("/blog/posts", json=sent)
    assert answer.get_json()["errors"] == [{"field": missing, "message": "is missing"}]


def test_empty_change_is_400(make: Factory) -> None:
    me = make.user()
    assert failure(me.patch(f"/blog/posts/{make.post(me, make.category())}", json={})) == (400, "INVALID_FIELD")


def test_change_to_what_it_was_is_fine(make: Factory) -> None:
    me, travel = make.user(), make.category()
    post_id = make.post(me, travel, title="Same")
    for _ in range(2):
        assert me.patch(f"/blog/posts/{post_id}", json={"title": "Same", "category_id": travel}).status_code == 200


def test_renamed_author_and_category_show_in_the_posts_at_once(make: Factory, client: Client) -> None:
    me, admin, travel = make.user(), make.admin(), make.category("Travel")
    post_id = make.post(me, travel)
    me.patch("/users/me", json={"nickname": "New name"})
    admin.patch(f"/blog/categories/{travel}", json={"name": "Journeys"})
    post = data(client.get(f"/blog/posts/{post_id}"))
    assert (post["author"]["nickname"], post["category"]["name"]) == ("New name", "Journeys")
