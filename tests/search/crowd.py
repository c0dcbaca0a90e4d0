"""People for searches: rows straight into the database, each with what the test is about."""

from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import insert

from flask_api.core.database import now
from flask_api.users.models import UserAuth, UserInfo
from tests.clients import Client, data
from tests.factories import Factory

_numbers = count(1)


def born(age: int, days: int = 0) -> date:
    """The birthday of somebody who is that old today, since so many days."""
    day = now().date() - timedelta(days=days)
    return day.replace(year=day.year - age, day=min(day.day, 28))


def person(make: Factory, *, came: datetime | None = None, ago: timedelta = timedelta(), **columns: Any) -> int:
    """Add somebody who was last here so long ago; returns their id."""
    number = next(_numbers)
    account = {"phone": f"+8619{number:09d}", "created_at": came or now()}
    if status := columns.pop("status", None):
        account["status"] = status
        columns["is_active"] = status == "active"
    make.execute(insert(UserAuth).values(account))
    [row] = make.execute(UserAuth.__table__.select().where(UserAuth.phone == account["phone"]))
    told = {"user_id": row.id, "nickname": f"Person {row.id}", "active_at": now() - ago, **columns}
    make.execute(insert(UserInfo).values(told))
    return int(row.id)


def found(client: Client, **query: object) -> list[int]:
    """The ids of one page."""
    return [item["person"]["id"] for item in data(client.get("/search/people", query_string=query))["items"]]


def all_found(client: Client, **query: object) -> list[int]:
    """The ids of all pages, one after the other."""
    ids: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = data(client.get("/search/people", query_string={**query, **cursor}))
        ids += [item["person"]["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            return ids
        cursor = {"cursor": page["next_cursor"]}
