"""Categories: for admins to change, for everybody to read, with counts that are always right."""

import pytest
from sqlalchemy import func, insert, select

from flask_api.blog.models import BlogCategory, BlogPost
from tests.clients import Client, data, failure
from tests.factories import Factory, at_once


def counts(client: Client) -> dict[str, int]:
    return {category["name"]: category["post_count"] for category in data(client.get("/blog/categories"))["items"]}


def true_counts(make: Factory) -> dict[str, int]:
    query = select(BlogCategory.name, func.count(BlogPost.id)).outerjoin(BlogPost).group_by(BlogCategory.name)
    return dict(make.execute(query))


def test_admin_creates_renames_and_deletes_a_category(make: Factory, client: Client) -> None:
    admin = make.admin()
    answer = admin.post("/blog/categories", json={"name": "Travel"})
    assert answer.status_code == 201
    created = data(answer)
    assert created == {"id": created["id"], "name": "Travel", "post_count": 0}
    path = f"/blog/categories/{created['id']}"
    assert data(admin.patch(path, json={"name": "Journeys"})) == {**created, "name": "Journeys"}
    assert counts(client) == {"Journeys": 0}
    assert admin.delete(path).status_code == 200
    assert counts(client) == {}
    for answer in (client.get(path), admin.patch(path, json={"name": "x"}), admin.delete(path)):
        assert failure(answer) == (404, "CATEGORY_NOT_FOUND")


@pytest.mark.parametrize(("method", "with_id"), [("POST", False), ("PATCH", True), ("DELETE", True)])
def test_only_admins_change_categories(make: Factory, client: Client, method: str, with_id: bool) -> None:
    path = f"/blog/categories/{make.category()}" if with_id else "/blog/categories"
    body = None if method == "DELETE" else {"name": "Mine"}
    assert failure(client.call(method, path, json=body)) == (401, "TOKEN_MISSING")
    assert failure(make.user().call(method, path, json=body)) == (403, "ROLE_MISSING")
    assert counts(client) == ({"Travel": 0} if with_id else {})


def test_name_that_is_taken_is_409(make: Factory, client: Client) -> None:
    admin, _, food = make.admin(), make.category("Travel"), make.category("Food")
    for answer in (
        admin.post("/blog/categories", json={"name": "Travel"}),
        admin.patch(f"/blog/categories/{food}", json={"name": "Travel"}),
    ):
        assert failure(answer) == (409, "CATEGORY_TAKEN")
        assert answer.get_json()["field"] == "name"
    assert counts(client) == {"Travel": 0, "Food": 0}


def test_names_are_told_apart_to_the_letter_on_every_database(make: Factory, client: Client) -> None:
    admin, names = make.admin(), ["travel", "Travel", "Trável", "TRAVEL"]
    for name in names:
        assert admin.post("/blog/categories", json={"name": name}).status_code == 201
    assert counts(client).keys() == set(names)


@pytest.mark.parametrize("name", ["", " ", " x", "x ", "x\n", "x" * 51, None, 1, [], "x\0"])
def test_bad_name_is_400(make: Factory, client: Client, name: object) -> None:
    assert make.admin().post("/blog/categories", json={"name": name}).status_code == 400
    assert counts(client) == {}


@pytest.mark.parametrize("extra", ["id", "post_count"])
def test_what_is_not_the_name_cannot_be_set(make: Factory, extra: str) -> None:
    admin, travel = make.admin(), make.category()
    for answer in (
        admin.post("/blog/categories", json={"name": "Food", extra: 7}),
        admin.patch(f"/blog/categories/{travel}", json={"name": "Food", extra: 7}),
    ):
        assert failure(answer) == (400, "INVALID_FIELD")


def test_category_with_posts_is_409_until_they_are_gone(make: Factory, client: Client) -> None:
    admin, travel = make.admin(), make.category()
    post_id = make.post(admin, travel)
    assert failure(admin.delete(f"/blog/categories/{travel}")) == (409, "CATEGORY_IN_USE")
    assert counts(client) == {"Travel": 1}
    admin.delete(f"/blog/posts/{post_id}")
    assert admin.delete(f"/blog/categories/{travel}").status_code == 200


def test_categories_are_listed_by_name(make: Factory, client: Client) -> None:
    for name in ("Travel", "Books", "Food"):
        make.category(name)
    assert list(counts(client)) == ["Books", "Food", "Travel"]


def test_501st_category_is_409(make: Factory) -> None:
    make.execute(insert(BlogCategory).values([{"name": f"Category {n}", "post_count": 0} for n in range(500)]))
    assert failure(make.admin().post("/blog/categories", json={"name": "One more"})) == (409, "TOO_MANY_CATEGORIES")


def test_category_comes_with_its_posts_by_pages(make: Factory, client: Client) -> None:
    me, travel, food = make.user(), make.category("Travel"), make.category("Food")
    ids = [make.post(me, travel) for _ in range(3)]
    make.post(me, food)
    first = data(client.get(f"/blog/categories/{travel}", query_string={"limit": 2}))
    assert (first["id"], first["name"], first["post_count"]) == (travel, "Travel", 3)
    assert [post["id"] for post in first["posts"]["items"]] == ids[:0:-1]
    cursor = first["posts"]["next_cursor"]
    second = data(client.get(f"/blog/categories/{travel}", query_string={"limit": 2, "cursor": cursor}))
    assert [post["id"] for post in second["posts"]["items"]] == ids[:1]
    assert second["posts"]["next_cursor"] is None


def test_counts_are_right_after_each_change(make: Factory, client: Client) -> None:
    me, travel, food = make.user(), make.category("Travel"), make.category("Food")
    post_id = make.post(me, travel)
    make.post(me, travel)
    assert counts(client) == {"Travel": 2, "Food": 0}
    me.patch(f"/blog/posts/{post_id}", json={"category_id": food})
    assert counts(client) == {"Travel": 1, "Food": 1}
    me.patch(f"/blog/posts/{post_id}", json={"category_id": food, "title": "Stays"})
    me.patch(f"/blog/posts/{post_id}", json={"category_id": 999999})
    assert counts(client) == {"Travel": 1, "Food": 1}
    me.delete(f"/blog/posts/{post_id}")
    me.delete(f"/blog/posts/{post_id}")
    assert counts(client) == true_counts(make) == {"Travel": 1, "Food": 0}


def test_counts_are_right_after_many_changes_at_once(make: Factory, client: Client) -> None:
    me, travel, food = make.user(), make.category("Travel"), make.category("Food")
    mine = [make.post(me, category) for category in (travel, food) * 3]
    new = {"title": "x", "body": "x"}
    jobs = [lambda c=category: me.post("/blog/posts", json={**new, "category_id": c}) for category in (travel, food)]
    for post_id in mine:
        jobs += [
            lambda p=post_id, c=category: me.patch(f"/blog/posts/{p}", json={"category_id": c})
            for category in (travel, food)
        ]
    jobs += [lambda p=post_id: me.delete(f"/blog/posts/{p}") for post_id in (*mine[:2], *mine[:2])]
    codes = [answer.status_code for answer in at_once(jobs)]
    assert set(codes) <= {200, 201, 404}
    assert counts(client) == true_counts(make)
    assert sum(counts(client).values()) == len(mine) + 2 - 2


def test_category_deleted_while_posts_come_in_leaves_no_orphan(make: Factory, client: Client) -> None:
    for _ in range(3):
        admin, travel = make.admin(), make.category()
        sent = {"title": "x", "body": "x", "category_id": travel}
        writes = [lambda sent=sent, admin=admin: admin.post("/blog/posts", json=sent).status_code] * 3
        deletion = lambda travel=travel, admin=admin: admin.delete(f"/blog/categories/{travel}").status_code  # noqa: E731
        first, deleted, *others = at_once([writes[0], deletion, *writes[1:]])
        written = [first, *others].count(201)
        assert deleted == (409 if written else 200)
        assert {first, *others} <= {201, 400}
        for post in data(client.get("/blog/posts"))["items"]:
            admin.delete(f"/blog/posts/{post['id']}")
        admin.delete(f"/blog/categories/{travel}")
        assert counts(client) == {}
