"""The requests that create something, one of each kind, for what holds for all of them."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select
from werkzeug.test import TestResponse

from flask_api.core.database import Base
from flask_api.core.idempotency_keys import IdempotencyKey
from tests.clients import Client
from tests.factories import Factory

REPLAYED = "Idempotency-Replayed"


@dataclass(frozen=True)
class Creation:
    """A request that creates.

    Args:
        body, other_body: two that are both right; ``{"category_id": …}`` and such are filled in by ``ready``.
        table: gets a row by it; None where a row is changed.
    """

    path: str
    body: dict[str, Any]
    other_body: dict[str, Any]
    table: str | None


CREATIONS = {
    "post": Creation(
        "/blog/posts",
        {"title": "First light", "body": "A mirror."},
        {"title": "First light", "body": "A window."},
        "blog_post",
    ),
    "category": Creation("/blog/categories", {"name": "Travel"}, {"name": "travel"}, "blog_category"),
    "label": Creation(
        "/labels",
        {"name": "Climbing", "kind": "interest", "gender": "any"},
        {"name": "climbing", "kind": "interest", "gender": "any"},
        "label",
    ),
    "user": Creation(
        "/admin/users",
        {"phone": "13900000000", "nickname": "Ada", "password": "correct horse"},
        {"phone": "13900000000", "nickname": "Ada", "password": "correct house"},
        "user_auth",
    ),
    "app key": Creation("/admin/app-keys", {"name": "Android"}, {"name": "iOS"}, "app_key"),
    "secret": Creation("/admin/app-keys/{app_key}/secrets", {"overlap_hours": 1}, {"overlap_hours": 2}, None),
}


def ready(creation: Creation, make: Factory, admin: Client) -> Creation:
    """Return it with what must be there before it."""
    path, more = creation.path, {}
    if "{app_key}" in path:
        issued = admin.post("/admin/app-keys", json={"name": "Web"}).get_json()["data"]
        path = path.format(app_key=issued["app_key"]["id"])
    if creation.table == "blog_post":
        more = {"category_id": make.category("Stars")}
    return Creation(path, {**creation.body, **more}, {**creation.other_body, **more}, creation.table)


def new_key() -> str:
    return str(uuid4())


def send(client: Client, path: str, body: dict[str, Any], key: str) -> TestResponse:
    return client.post(path, json=body, headers={"Idempotency-Key": key})


def told(answer: TestResponse) -> tuple[int, bytes]:
    """What must be the same of two answers."""
    return answer.status_code, answer.data


def count(make: Factory, table: str) -> int:
    return int(make.execute(select(func.count()).select_from(Base.metadata.tables[table]))[0][0])


def kept(make: Factory) -> list[Any]:
    """The rows of keys that have an answer."""
    answered = select(IdempotencyKey.__table__).where(IdempotencyKey.sealed.is_not(None))
    return list(make.execute(answered))
