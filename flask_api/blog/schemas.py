"""The blog namespace and its shapes."""

from typing import Any

from flask_api.core import fields
from flask_api.core.pagination import MAX_LIMIT, page_fields, page_shape
from flask_api.core.resource import Namespace
from flask_api.users.schemas import AVATAR

ns = Namespace("blog", description="A micro blog: categories and posts", path="/blog")

TITLE = {"min_length": 1, "max_length": 100, "pattern": r"\S", "example": "First light"}
BODY = {"min_length": 1, "max_length": 10_000, "example": "Up at five, and the lake was a mirror."}
CATEGORY_NAME: dict[str, Any] = {"max_length": 50, "example": "Travel"}

category_creation = ns.request_shape("CategoryCreation", {"name": fields.Name(required=True, **CATEGORY_NAME)})
category_changes = ns.request_shape("CategoryChanges", {"name": fields.Name(required=True, **CATEGORY_NAME)})
category = ns.response_shape(
    "Category",
    {
        "id": fields.Integer(example=1),
        "name": fields.String(example="Travel"),
        "post_count": fields.Integer(example=12),
    },
)
category_list = ns.response_shape("CategoryList", {"items": fields.List(fields.Nested(category))})

post_creation = ns.request_shape(
    "PostCreation",
    {
        "title": fields.String(required=True, **TITLE),
        "body": fields.String(required=True, **BODY),
        "category_id": fields.RowId(required=True),
    },
)
post_changes = ns.request_shape(
    "PostChanges",
    {"title": fields.String(**TITLE), "body": fields.String(**BODY), "category_id": fields.RowId()},
    any_of_them=True,
)
post_author = ns.response_shape(
    "PostAuthor",
    {
        "id": fields.Integer(attribute="author_id", example=1),
        "nickname": fields.String(example="Lin"),
        "avatar": AVATAR,
    },
)
post_category = ns.response_shape(
    "PostCategory",
    {
        "id": fields.Integer(attribute="category_id", example=1),
        "name": fields.String(attribute="category_name", example="Travel"),
    },
)
post = ns.response_shape(
    "Post",
    {
        "id": fields.Integer(example=1),
        "title": fields.String(example="First light"),
        "body": fields.String(example="Up at five, and the lake was a mirror."),
        "category": fields.Part(post_category),
        "author": fields.Part(post_author),
        "created_at": fields.DateTime(),
        "updated_at": fields.DateTime(),
    },
)
post_page = page_shape(post)

MAX_PAGE = 100
post_filter = ns.request_shape(
    "PostFilter",
    {
        "category_id": fields.RowId(description="Posts of this category only"),
        "author_id": fields.RowId(description="Posts of this author only"),
        **page_fields(),
    },
)
numbered_filter = ns.request_shape(
    "NumberedFilter",
    {
        "category_id": fields.RowId(description="Posts of this category only"),
        "page": fields.Integer(min=1, max=MAX_PAGE, default=1, description="Further back by `cursor` of /blog/posts"),
        "per_page": fields.Integer(min=1, max=MAX_LIMIT, default=20),
    },
)
numbered_page = ns.response_shape(
    "NumberedPostPage",
    {
        "items": fields.List(fields.Nested(post)),
        "page": fields.Integer(example=1),
        "per_page": fields.Integer(example=20),
        "pages": fields.Integer(example=3, description="How many pages there are in all"),
        "total": fields.Integer(example=57, description="How many posts there are in all"),
    },
)
archive_filter = ns.request_shape("ArchiveFilter", page_fields())
category_with_posts = ns.response_shape(
    "CategoryWithPosts",
    {
        "id": fields.Integer(example=1),
        "name": fields.String(example="Travel"),
        "post_count": fields.Integer(example=12),
        "posts": fields.Nested(post_page),
    },
)
