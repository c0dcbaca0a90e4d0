"""Plain flask-restx: ``marshal_with`` over Flask-SQLAlchemy's session, as the documentation of both shows it.

``python -m bench.peers.restx_plain --port N`` serves it by tornado's stock WSGIContainer; gunicorn calls
``create_app()``.
"""

import argparse
import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import Any

import redis
from flask import Blueprint, Flask, g, request
from flask_restx import Api, Namespace, Resource, fields
from flask_sqlalchemy import SQLAlchemy
from tornado.httpserver import HTTPServer
from tornado.wsgi import WSGIContainer

from bench.peers.models import Base, User, newest_posts, page_of
from bench.peers.tokens import user_id_of

THREADS = 8  # as ours, and as gunicorn is told

db = SQLAlchemy(model_class=Base)
redis_client = redis.Redis.from_url(os.environ["BENCH_REDIS_URL"])
ns = Namespace("solo", path="/")


class UtcTime(fields.Raw):
    """A time of the database, which is UTC without saying so."""

    __schema_type__ = "string"
    __schema_format__ = "date-time"

    def format(self, value: Any) -> str:
        """Write ISO 8601 with Z."""
        return f"{value.isoformat()}Z"


def envelope(name: str, data: fields.Raw) -> Any:
    """Describe ``{"code", "status", "message", "data"}`` around ``data``."""
    shape = {"code": fields.Integer, "status": fields.String, "message": fields.String, "data": data}
    return ns.model(name, shape)


me_fields = ns.model(
    "Me",
    {
        "id": fields.Integer,
        "phone": fields.String,
        "role": fields.String,
        "nickname": fields.String(attribute="profile.nickname"),
        "gender": fields.String(attribute="profile.gender"),
        "birthday": fields.Date(attribute="profile.birthday"),
        "avatar": fields.String(attribute="profile.avatar"),
        "emotional_state": fields.String(attribute="profile.emotional_state"),
        "height_cm": fields.Integer(attribute="profile.height_cm"),
        "orientation": fields.String(attribute="profile.orientation"),
        "education": fields.String(attribute="profile.education"),
        "salary": fields.String(attribute="profile.salary"),
        "visibility": fields.String(attribute="profile.visibility"),
        "bio": fields.String(attribute="profile.bio"),
        "has_password": fields.Boolean,
        "created_at": UtcTime,
    },
)
category_fields = ns.model("Category", {"id": fields.Integer, "name": fields.String})
author_fields = ns.model(
    "Author", {"id": fields.Integer(attribute="user_id"), "nickname": fields.String, "avatar": fields.String}
)
post_fields = ns.model(
    "Post",
    {
        "id": fields.Integer,
        "title": fields.String,
        "body": fields.String,
        "category": fields.Nested(category_fields),
        "author": fields.Nested(author_fields),
        "created_at": UtcTime,
        "updated_at": UtcTime,
    },
)
page_fields = ns.model("Posts", {"items": fields.List(fields.Nested(post_fields)), "next_cursor": fields.String})
me_answer = envelope("MeAnswer", fields.Nested(me_fields))
posts_answer = envelope("PostsAnswer", fields.Nested(page_fields))


def success(data: Any) -> dict[str, Any]:
    """Wrap ``data`` in the envelope."""
    return {"code": 200, "status": "SUCCESS", "message": "Success", "data": data}


def login_required(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let only those in whose token is known; their id is ``g.user_id``."""

    @wraps(method)
    def checked(*args: Any, **kwargs: Any) -> Any:
        g.user_id = user_id_of(redis_client, request.headers.get("token"))
        if g.user_id is None:
            ns.abort(401, "Log in first")
        return method(*args, **kwargs)

    return checked


@ns.route("/users/me")
class Me(Resource):
    """The caller."""

    @login_required
    @ns.marshal_with(me_answer)
    def get(self) -> dict[str, Any]:
        """Show my profile."""
        return success(db.session.get(User, g.user_id))


@ns.route("/blog/posts")
class Posts(Resource):
    """The micro blog."""

    @ns.marshal_with(posts_answer)
    def get(self) -> dict[str, Any]:
        """List the newest posts."""
        limit = min(request.args.get("limit", 20, type=int), 100)
        query = newest_posts(limit=limit, cursor=request.args.get("cursor"))
        return success(page_of(list(db.session.scalars(query)), limit=limit))


def create_app() -> Flask:
    """Wire the app; one pooled connection for each thread."""
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{os.environ['BENCH_DATABASE']}"
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_size": THREADS}
    db.init_app(app)
    blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
    Api(blueprint).add_namespace(ns)
    app.register_blueprint(blueprint)
    return app


async def serve(port: int) -> None:
    """Serve by tornado's stock container with a thread pool, until killed."""
    container = WSGIContainer(create_app(), executor=ThreadPoolExecutor(THREADS))
    HTTPServer(container).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    asyncio.run(serve(parser.parse_args().port))
