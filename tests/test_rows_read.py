"""What a GET costs does not grow with the table: MariaDB counts the rows that each of its statements reads."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, event, insert, text

from flask_api.albums.models import UserAlbum
from flask_api.blog.models import BlogCategory, BlogPost
from flask_api.extensions import db
from flask_api.users.models import UserAuth, UserInfo
from tests.clients import Client
from tests.factories import Factory
from tests.test_every_endpoint import OPERATIONS, Operation

pytestmark = pytest.mark.mariadb
PEOPLE = 3000
PAGE = 20
ENOUGH = 10 * (PAGE + 1)  # a row of each of a few tables for each line of a page
READS = [operation for operation in OPERATIONS if operation.method == "GET"]
NOW = datetime.now(UTC)
PLACES = {"category_id": 3, "user_id": 10, "post_id": 10, "year": NOW.year, "month": NOW.month, "day": NOW.day}


@pytest.fixture
def city(app: Flask, make: Factory) -> Client:
    """Many users, each with a profile, a photo and a post in one of few categories; returns an admin."""
    admin = make.admin()
    numbers = range(10, 10 + PEOPLE)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(insert(BlogCategory), [{"id": n, "name": f"Category {n}"} for n in range(1, 6)])
        connection.execute(insert(UserAuth), [{"id": n, "phone": f"+861390000{n:04d}"} for n in numbers])
        connection.execute(insert(UserInfo), [{"user_id": n, "nickname": f"Person {n}"} for n in numbers])
        photos = [{"user_id": n, "position": 1, "caption": "", "url": f"/media/{n}.jpg"} for n in numbers]
        connection.execute(insert(UserAlbum), photos)
        posts = [{"author_id": n, "category_id": 1 + n % 5, "title": "t", "body": "b"} for n in numbers]
        connection.execute(insert(BlogPost), posts)
        for table in ("blog_category", "user_auth", "user_info", "user_album", "blog_post"):
            connection.execute(text(f"ANALYZE TABLE {table}")).all()
    return admin


@pytest.fixture
def statements(app: Flask) -> Iterator[list[tuple[str, Any]]]:
    """The SELECTs that are sent, with their parameters."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            seen.append((statement, parameters))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def rows_read(connection: Connection, statement: str, parameters: Any) -> int:
    connection.execute(text("FLUSH STATUS"))
    connection.exec_driver_sql(statement, parameters).all()
    counted = connection.execute(text("SHOW SESSION STATUS LIKE 'Handler_read%'")).all()
    return sum(int(value) for _, value in counted)


def address_of(operation: Operation) -> str:
    path = operation.path.format_map(PLACES)
    return f"{path}?{'per_page' if 'pages' in path else 'limit'}={PAGE}" if operation.has_query else path


def test_no_get_reads_more_rows_than_it_shows(app: Flask, city: Client, statements: list[tuple[str, Any]]) -> None:
    costs: dict[str, int] = {}
    for operation in READS:
        address = address_of(operation)
        statements.clear()
        assert city.call("GET", address).status_code == 200, address
        with app.app_context(), db.engine.connect() as connection:
            for statement, parameters in list(statements):
                costs[f"{address}: {statement}"] = rows_read(connection, statement, parameters)
    assert any("blog_post" in name for name in costs)
    assert any("user_auth" in name for name in costs)
    assert {name: cost for name, cost in costs.items() if cost > ENOUGH} == {}
