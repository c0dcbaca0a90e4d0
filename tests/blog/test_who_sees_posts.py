"""Posts of people whom one may not know of are not there, in any list, nor by their id."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert

from flask_api.core.database import now
from flask_api.people.models import UserBlock, UserLike
from tests.clients import Client, data, failure
from tests.factories import Factory

TODAY = now()
LISTS = (
    "/blog/posts",
    "/blog/posts?author_id={author}",
    "/blog/posts?category_id={category}",
    "/blog/posts?author_id={author}&category_id={category}",
    "/blog/posts/pages",
    "/blog/posts/pages?category_id={category}",
    "/blog/categories/{category}",
    f"/blog/posts/archive/{TODAY.year}",
    f"/blog/posts/archive/{TODAY.year}/{TODAY.month}",
    f"/blog/posts/archive/{TODAY.year}/{TODAY.month}/{TODAY.day}",
)


def shown(reader: Client, address: str) -> list[int]:
    answer = data(reader.get(address))
    page: dict[str, Any] = answer.get("posts", answer)
    return [post["id"] for post in page["items"]]


def lists_that_show(reader: Client, author: Client, category: int, post_id: int) -> Iterator[str]:
    for address in LISTS:
        if post_id in shown(reader, address.format(author=author.user_id, category=category)):
            yield address


def block(make: Factory, one: Client, other: Client) -> None:
    make.execute(insert(UserBlock).values(blocker_id=one.user_id, blocked_id=other.user_id, created_at=now()))


def hide(make: Factory, how: str, author: Client, reader: Client) -> None:
    if how == "blocks":
        block(make, author, reader)
    elif how == "is blocked":
        block(make, reader, author)
    elif how == "banned":
        make.admin().put(f"/admin/users/{author.user_id}/ban")
    elif how == "leaving":
        author.delete("/auth/account")
    else:
        author.patch("/users/me", json={"visibility": how})


@pytest.mark.parametrize("how", ["blocks", "is blocked", "banned", "leaving", "nobody", "liked"])
def test_post_of_somebody_hidden_is_in_no_list_and_not_found(make: Factory, how: str) -> None:
    author, other, reader, category = make.user(), make.user(), make.user(), make.category()
    post_id, kept = make.post(author, category), make.post(other, category)
    assert [*lists_that_show(reader, author, category, post_id)] == [*LISTS]
    hide(make, how, author, reader)
    assert [*lists_that_show(reader, author, category, post_id)] == []
    assert failure(reader.get(f"/blog/posts/{post_id}")) == (404, "POST_NOT_FOUND")
    for answer in (
        reader.patch(f"/blog/posts/{post_id}", json={"title": "x"}),
        reader.delete(f"/blog/posts/{post_id}"),
    ):
        assert failure(answer) == (404, "POST_NOT_FOUND")
    assert kept in shown(reader, "/blog/posts")


@pytest.mark.parametrize("how", ["banned", "leaving", "nobody", "liked"])
def test_strangers_see_posts_of_profiles_that_are_for_everyone(make: Factory, client: Client, how: str) -> None:
    author, category = make.user(), make.category()
    post_id = make.post(author, category)
    assert [*lists_that_show(client, author, category, post_id)] == [*LISTS]
    hide(make, how, author, author)
    assert [*lists_that_show(client, author, category, post_id)] == []
    assert failure(client.get(f"/blog/posts/{post_id}")) == (404, "POST_NOT_FOUND")


def test_author_and_whom_he_likes_see_the_posts_of_a_profile_for_those_he_likes(make: Factory) -> None:
    author, liked, category = make.user(), make.user(), make.category()
    post_id = make.post(author, category)
    author.patch("/users/me", json={"visibility": "liked"})
    make.execute(insert(UserLike).values(liker_id=author.user_id, liked_id=liked.user_id, created_at=now()))
    for reader in (author, liked):
        assert [*lists_that_show(reader, author, category, post_id)] == [*LISTS]
        assert data(reader.get(f"/blog/posts/{post_id}"))["id"] == post_id


def test_hidden_posts_leave_no_gap_in_a_page(make: Factory) -> None:
    reader, author, hidden, category = make.user(), make.user(), make.user(), make.category()
    posts = [make.post(each, category) for each in (author, hidden, hidden, author, hidden, author, author)]
    block(make, hidden, reader)
    kept = [posts[place] for place in (6, 5, 3, 0)]
    for address in ("/blog/posts?", f"/blog/posts/archive/{TODAY.year}?"):
        first = data(reader.get(f"{address}limit=3"))
        rest = data(reader.get(f"{address}limit=3&cursor={first['next_cursor']}"))
        assert [post["id"] for post in first["items"]] == kept[:3]
        assert [post["id"] for post in rest["items"]] == kept[3:]
        assert rest["next_cursor"] is None


def test_page_among_many_hidden_posts_ends_and_says_where_it_goes_on(make: Factory) -> None:
    """It looks at five times its length at most, whatever is hidden."""
    reader, author, hidden, category = make.user(), make.user(), make.user(), make.category()
    kept = make.post(author, category)
    for _ in range(12):
        make.post(hidden, category)
    block(make, hidden, reader)
    first = data(reader.get("/blog/posts?limit=2"))
    assert first["items"] == []
    rest = data(reader.get(f"/blog/posts?limit=2&cursor={first['next_cursor']}"))
    assert [post["id"] for post in rest["items"]] == [kept]
    assert data(reader.get(f"/blog/posts?limit=2&author_id={hidden.user_id}")) == {"items": [], "next_cursor": None}


def test_token_that_is_no_good_is_told_so(make: Factory) -> None:
    reader = make.user()
    reader.post("/auth/logout")
    assert failure(reader.get("/blog/posts")) == (401, "TOKEN_INVALID")
