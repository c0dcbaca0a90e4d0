"""Makes what a test needs to be there, through the services that users' requests go through."""

from itertools import count
from typing import Any

from flask import Flask

from flask_api.admin import services as admin_services
from flask_api.blog import services as blog_services
from tests.clients import Client

_phones = count(13800000000)


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
