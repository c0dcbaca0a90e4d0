"""Makes what a test needs to be there, through the services that users' requests go through."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier
from typing import Any, TypeVar

from flask import Flask
from sqlalchemy import Executable, Row, func, insert, select

from flask_api.admin import services as admin_services
from flask_api.albums.models import UserAlbum
from flask_api.blog import services as blog_services
from flask_api.extensions import db
from tests.clients import Client

Result = TypeVar("Result")

_phones = count(13800000000)


MOST_THREADS = 64


def at_once(jobs: Sequence[Callable[[], Result]]) -> list[Result]:
    """Run the jobs in threads that are let go together, up to 64 at a time; return their results in order."""
    size = min(len(jobs), MOST_THREADS)
    with ThreadPoolExecutor(size, initializer=Barrier(size, timeout=30).wait) as threads:
        return list(threads.map(lambda job: job(), jobs))


class Factory:
    """Bound to one app; each call makes something new."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def phone(self) -> str:
        """A phone that nobody has."""
        return str(next(_phones))

    def user(self, phone: str | None = None, **columns: Any) -> Client:
        """Somebody who is logged in."""
        phone = phone or self.phone()
        with self.app.app_context():
            admin_services.create_user(phone, **columns)
        return Client(self.app).log_in(phone)

    def admin(self) -> Client:
        """An admin who is logged in."""
        return self.user(role="admin")

    def category(self, name: str = "Travel") -> int:
        """A category; returns its id."""
        with self.app.app_context():
            return blog_services.create_category(name).id

    def post(self, author: Client, category_id: int, title: str = "First light", body: str = "A mirror.") -> int:
        """A post; returns its id."""
        assert author.user_id is not None
        with self.app.app_context():
            post = blog_services.create_post(author.user_id, title=title, body=body, category_id=category_id)
            return int(post.id)

    def photo(
        self, owner: Client, caption: str = "The lake at five", position: int = 1, state: str = "approved"
    ) -> int:
        """A photo in somebody's album; returns its id."""
        photo = {"user_id": owner.user_id, "position": position, "caption": caption, "state": state}
        self.execute(insert(UserAlbum).values(url=f"/media/{position}.jpg", **photo))
        [(photo_id,)] = self.execute(select(func.max(UserAlbum.id)))
        return int(photo_id)

    def execute(self, statement: Executable) -> Sequence[Row[Any]]:
        """Run a statement straight in the database, past all services; return its rows, if it has any."""
        with self.app.app_context(), db.engine.begin() as connection:
            result = connection.execute(statement)
            return result.all() if result.returns_rows else []
