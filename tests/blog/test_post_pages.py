"""Pages of posts: by cursor and by number."""

from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.blog.walking import walk
from tests.clients import Client, data, failure
from tests.factories import Factory


def test_pages_show_each_post_once_newest_first(make: Factory, client: Client) -> None:
    me, travel = make.user(), make.category()
    ids = [make.post(me, travel) for _ in range(7)]
    for limit in (1, 2, 3, 6, 7, 8, 100):
        assert walk(client, limit) == ids[::-1]


def test_last_page_that_is_full_has_no_next_one(make: Factory, client: Client) -> None:
    me, travel = make.user(), make.category()
    for _ in range(4):
        make.post(me, travel)
    first = data(client.get("/blog/posts", query_string={"limit": 2}))
    second = data(client.get("/blog/posts", query_string={"limit": 2, "cursor": first["next_cursor"]}))
    assert second["next_cursor"] is None


def test_filters_by_category_and_author(make: Factory, client: Client) -> None:
    me, other, travel, food = make.user(), make.user(), make.category("Travel"), make.category("Food")
    mine = {
        (author, category): [make.post(author, category) for _ in range(3)]
        for author in (me, other)
        for category in (travel, food)
    }
    for (author, category), ids in mine.items():
        assert walk(client, 2, category_id=category, author_id=author.user_id) == ids[::-1]
    assert walk(client, 2, author_id=me.user_id) == sorted(mine[me, travel] + mine[me, food], reverse=True)
    assert walk(client, 2, category_id=999999) == walk(client, 2, author_id=999999) == []


@pytest.mark.parametrize(
    "query",
    [
        *[{"limit": value} for value in ("0", "101", "-1", "x", "", "1.0", "1 ", "+1", "9" * 19)],
        *[{name: value} for name in ("category_id", "author_id") for value in ("0", "-1", "x", "", str(2**63), "1.0")],
        *[{"unknown": "1"}, {"limit": ["1", "1"]}, {"page": "1"}, {"title": "x"}, {"": "1"}, {"limit": "1\0"}],
    ],
    ids=str,
)
def test_bad_query_is_400(client: Client, query: dict[str, Any]) -> None:
    assert failure(client.get("/blog/posts", query_string=query)) == (400, "INVALID_FIELD")


def test_numbered_pages_tell_total_and_number_of_pages(make: Factory, client: Client) -> None:
    me, travel, food = make.user(), make.category("Travel"), make.category("Food")
    ids = [make.post(me, travel) for _ in range(5)]
    make.post(me, food)

    def page(**query: Any) -> Any:
        return data(client.get("/blog/posts/pages", query_string={"category_id": travel, "per_page": 2, **query}))

    for number, expected in ((1, ids[:2:-1]), (2, ids[2:0:-1]), (3, ids[:1]), (4, []), (100, [])):
        found = page(page=number)
        assert [post["id"] for post in found.pop("items")] == expected
        assert found == {"page": number, "per_page": 2, "pages": 3, "total": 5}
    assert page(per_page=5)["pages"] == 1
    everything = data(client.get("/blog/posts/pages"))
    assert (everything["total"], everything["pages"], everything["page"], everything["per_page"]) == (6, 1, 1, 20)


def test_numbered_page_of_nothing_has_no_pages(make: Factory, client: Client) -> None:
    for query in ({}, {"category_id": make.category()}, {"category_id": 999999}):
        found = data(client.get("/blog/posts/pages", query_string=query))
        assert (found["items"], found["pages"], found["total"]) == ([], 0, 0)


@pytest.mark.parametrize(
    "query",
    [
        *[{"page": value} for value in ("0", "-1", "101", "x", "9" * 19)],
        *[{"per_page": value} for value in ("0", "101", "x")],
        *[{"cursor": "x"}, {"limit": "1"}, {"author_id": "1"}, {"category_id": "0"}],
    ],
    ids=str,
)
def test_bad_numbered_query_is_400(client: Client, query: dict[str, str]) -> None:
    assert failure(client.get("/blog/posts/pages", query_string=query)) == (400, "INVALID_FIELD")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=st.integers(1, 5), steps=st.lists(st.sampled_from(["page", "write", "delete"]), max_size=12))
def test_walk_repeats_and_skips_nothing_while_posts_come_and_go(app: Flask, limit: int, steps: list[str]) -> None:
    """Whatever is written or deleted between two pages: what stands all the while is shown once, in order."""
    make, client = Factory(app), Client(app)
    author, category = author_of(app)
    standing = [make.post(author, category) for _ in range(4)]
    known, found, query = set(standing), [], {"author_id": author.user_id, "limit": limit}
    for step in [*steps, *["page"] * 20]:
        if step == "write":
            known.add(make.post(author, category))
        elif step == "delete" and len(standing) > 1:
            author.delete(f"/blog/posts/{standing.pop()}")
        elif step == "page":
            page = data(client.get("/blog/posts", query_string=query))
            found += [post["id"] for post in page["items"]]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
    assert found == sorted(set(found), reverse=True)
    assert set(standing) <= set(found) <= known


def author_of(app: Flask) -> tuple[Client, int]:
    """Somebody new and a category of theirs: an example of hypothesis must not meet what another one left."""
    make = Factory(app)
    author = make.user()
    return author, make.category(f"Of {author.user_id}")
