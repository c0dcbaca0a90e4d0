"""Cursors: what a list gave is taken by that list alone, and by nothing else."""

import base64
import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from flask_api import create_app
from flask_api.core.pagination import BadCursor, make_page, read_cursor, write_cursor
from flask_api.settings import Settings
from tests.clients import data, failure
from tests.factories import Factory

positions = st.lists(st.integers(-(2**63), 2**63 - 1) | st.text(st.characters(exclude_categories=["Cs"])), max_size=4)
any_app = hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def _context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def types_of(position: list[Any]) -> list[type]:
    return [type(value) for value in position]


@any_app
@given(st.text(st.characters(exclude_categories=["Cs"])), positions)
def test_a_list_reads_the_cursor_that_it_wrote(name: str, position: list[Any]) -> None:
    assert read_cursor(name, write_cursor(name, position), types_of(position)) == position


@any_app
@given(positions, st.data())
def test_a_cursor_with_any_character_changed_is_refused_or_means_the_same(position: list[Any], chosen: Any) -> None:
    cursor = write_cursor("posts", position)
    place = chosen.draw(st.integers(0, len(cursor) - 1))
    changed = cursor[:place] + chosen.draw(st.characters()) + cursor[place + 1 :]
    try:
        read = read_cursor("posts", changed, types_of(position))
    except BadCursor:
        return
    assert read == position


def test_a_cursor_with_any_byte_changed_is_refused() -> None:
    cursor = write_cursor("posts", [123456])
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    for place in range(len(raw)):
        for bit in range(8):
            changed = raw[:place] + bytes([raw[place] ^ 1 << bit]) + raw[place + 1 :]
            with pytest.raises(BadCursor, match="cursor is not one"):
                read_cursor("posts", base64.urlsafe_b64encode(changed).decode(), [int])


@any_app
@given(st.text())
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(BadCursor):
        read_cursor("posts", text, [int])


def test_a_cursor_shows_nobody_where_it_points() -> None:
    """Neither an id nor a moment that the list does not tell."""
    moment, user_id = 1763750000123456, 73519001
    cursor = write_cursor("search_active", [moment, user_id])
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    for told in (str(moment), str(user_id), "search", "["):
        assert told.encode() not in raw
    assert write_cursor("search_active", [moment, user_id + 1])[:8] != cursor[:8]


def test_the_longest_cursor_fits_into_its_field() -> None:
    cursor = write_cursor("likes received", [-(2**63), -(2**63), -(2**63)])
    assert len(cursor) < 200


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(BadCursor):
        read_cursor("posts", write_cursor("users", [1]), [int])


@pytest.mark.parametrize("types", [[], [str], [int, int], [bool]])
def test_a_cursor_whose_position_is_of_other_types_is_refused(types: list[type]) -> None:
    with pytest.raises(BadCursor):
        read_cursor("posts", write_cursor("posts", [1]), types)


def test_a_cursor_of_a_house_with_another_secret_is_refused(settings: Settings) -> None:
    stranger = settings.model_copy(update={"secret_key": "another secret of 32 characters or more"})
    with create_app(stranger).app_context():
        theirs = write_cursor("posts", [1])
    with pytest.raises(BadCursor):
        read_cursor("posts", theirs, [int])


def test_the_last_page_has_no_cursor() -> None:
    assert make_page("n", [1, 2], 2, lambda row: [row]).next_cursor is None
    page = make_page("n", [1, 2, 3], 2, lambda row: [row])
    assert (page.items, page.next_cursor) == ([1, 2], write_cursor("n", [2]))
    assert dataclasses.asdict(make_page("n", [], 2, lambda row: [row])) == {"items": [], "next_cursor": None}


def test_reading_on_shows_every_row_once_while_rows_come_and_go(make: Factory) -> None:
    author, category = make.user(), make.category()
    ids = [make.post(author, category) for _ in range(7)]
    seen, cursor = [], ""
    for _ in range(10):
        page = data(author.get(f"/blog/posts?limit=2{cursor}"))
        seen += [post["id"] for post in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
        make.post(author, category)  # at the top: it moves nothing
        author.delete(f"/blog/posts/{seen[-1]}")  # the cursor's own row
    assert seen == ids[::-1]


QUERIES = ["limit=0", "limit=101", "limit=-1", "limit=x", "limit=1&limit=2", "limit=1.0", "limit=１", "x=1"]


@pytest.mark.parametrize("query", QUERIES)
def test_a_limit_that_is_none_is_400(query: str, make: Factory) -> None:
    expected = (400, "INVALID_FIELD" if query.isascii() else "BAD_REQUEST")
    assert failure(make.user().get(f"/blog/posts?{query}")) == expected


@pytest.mark.parametrize("cursor", ["x", "%00", "%ff", "é", "😀", "=" * 400, "A" * 500, ""])
def test_a_cursor_that_is_none_is_400(cursor: str, make: Factory) -> None:
    code, status = failure(make.user().get(f"/blog/posts?cursor={cursor}"))
    assert (code, status) in {(400, "BAD_CURSOR"), (400, "INVALID_FIELD"), (400, "BAD_REQUEST")}
