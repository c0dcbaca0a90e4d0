"""HTTP of the micro blog."""

from dataclasses import dataclass
from typing import Any

from flask import g

from flask_api.blog import posts, schemas, services
from flask_api.blog.schemas import ns
from flask_api.core.auth import login_check, login_if_sent
from flask_api.core.errors import InvalidField
from flask_api.core.idempotency import idempotent
from flask_api.core.pagination import BadCursor
from flask_api.core.resource import Resource


@dataclass(frozen=True, slots=True)
class CategoryList:
    items: list[Any]


@ns.route("/posts")
class PostList(Resource):
    @login_if_sent
    @ns.query(schemas.post_filter)
    @ns.fails(BadCursor)
    @ns.answer(schemas.post_page)
    def get(self, **filters: Any) -> Any:
        """List posts, newest first."""
        return posts.list_posts(g.get("user_id"), **filters)

    @login_check
    @ns.body(schemas.post_creation)
    @idempotent
    @ns.answer(schemas.post, code=201, message="Post created")
    def post(self, sent: dict[str, Any]) -> Any:
        """Write a post."""
        return services.create_post(g.user_id, **sent)


@ns.route("/posts/pages")
class NumberedPostList(Resource):
    @login_if_sent
    @ns.query(schemas.numbered_filter)
    @ns.answer(schemas.numbered_page)
    def get(self, **filters: Any) -> Any:
        """List posts by numbered pages, with a total."""
        return posts.list_numbered_posts(g.get("user_id"), **filters)


@ns.route("/posts/<int:post_id>")
class PostItem(Resource):
    @login_if_sent
    @ns.fails(posts.PostNotFound)
    @ns.answer(schemas.post)
    def get(self, post_id: int) -> Any:
        """Show a post."""
        return posts.get_post(g.get("user_id"), post_id)

    @login_check
    @ns.body(schemas.post_changes)
    @ns.fails(posts.PostNotFound, services.NotTheAuthor)
    @ns.answer(schemas.post)
    def patch(self, post_id: int, changes: dict[str, Any]) -> Any:
        """Change a post of mine."""
        return services.change_post(g.caller, post_id, **changes)

    @login_check
    @ns.fails(posts.PostNotFound, services.NotTheAuthor)
    @ns.answer(message="Post deleted")
    def delete(self, post_id: int) -> None:
        """Delete a post of mine."""
        services.delete_post(g.caller, post_id)


@ns.route("/posts/archive/<int:year>")
class YearArchive(Resource):
    @login_if_sent
    @ns.query(schemas.archive_filter)
    @ns.fails(BadCursor, InvalidField)
    @ns.answer(schemas.post_page)
    def get(self, year: int, **page: Any) -> Any:
        """List the posts of a year (UTC), newest first."""
        return posts.list_archive(g.get("user_id"), year, **page)


@ns.route("/posts/archive/<int:year>/<int:month>")
class MonthArchive(Resource):
    @login_if_sent
    @ns.query(schemas.archive_filter)
    @ns.fails(BadCursor, InvalidField)
    @ns.answer(schemas.post_page)
    def get(self, year: int, month: int, **page: Any) -> Any:
        """List the posts of a month (UTC), newest first."""
        return posts.list_archive(g.get("user_id"), year, month, **page)


@ns.route("/posts/archive/<int:year>/<int:month>/<int:day>")
class DayArchive(Resource):
    @login_if_sent
    @ns.query(schemas.archive_filter)
    @ns.fails(BadCursor, InvalidField)
    @ns.answer(schemas.post_page)
    def get(self, year: int, month: int, day: int, **page: Any) -> Any:
        """List the posts of a day (UTC), newest first."""
        return posts.list_archive(g.get("user_id"), year, month, day, **page)


@ns.route("/categories")
class CategoryCollection(Resource):
    @ns.answer(schemas.category_list)
    def get(self) -> Any:
        """List the categories."""
        return CategoryList(services.list_categories())

    @login_check(role="admin")
    @ns.body(schemas.category_creation)
    @idempotent
    @ns.fails(services.CategoryTaken, services.TooManyCategories)
    @ns.answer(schemas.category, code=201, message="Category created")
    def post(self, sent: dict[str, Any]) -> Any:
        """Create a category."""
        return services.create_category(**sent)


@ns.route("/categories/<int:category_id>")
class CategoryItem(Resource):
    @login_if_sent
    @ns.query(schemas.archive_filter)
    @ns.fails(services.CategoryNotFound, BadCursor)
    @ns.answer(schemas.category_with_posts)
    def get(self, category_id: int, **page: Any) -> Any:
        """Show a category with its posts, newest first."""
        return services.get_category_with_posts(g.get("user_id"), category_id, **page)

    @login_check(role="admin")
    @ns.body(schemas.category_changes)
    @ns.fails(services.CategoryNotFound, services.CategoryTaken)
    @ns.answer(schemas.category)
    def patch(self, category_id: int, changes: dict[str, Any]) -> Any:
        """Rename a category."""
        return services.change_category(category_id, **changes)

    @login_check(role="admin")
    @ns.fails(services.CategoryNotFound, services.CategoryInUse)
    @ns.answer(message="Category deleted")
    def delete(self, category_id: int) -> None:
        """Delete a category that has no posts."""
        services.delete_category(category_id)
