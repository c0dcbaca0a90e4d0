"""Reading a list to its end."""

from typing import Any

from tests.clients import Client, data


def walk(client: Client, limit: int, path: str = "/blog/posts", **query: Any) -> list[int]:
    """The ids of all posts of a list, page by page; no page is longer than asked for."""
    found: list[int] = []
    while True:
        page = data(client.get(path, query_string={"limit": limit, **query}))
        assert len(page["items"]) <= limit
        found += [post["id"] for post in page["items"]]
        if page["next_cursor"] is None:
            return found
        assert len(page["items"]) == limit
        query["cursor"] = page["next_cursor"]
