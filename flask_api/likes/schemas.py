"""The likes namespace and its shapes."""

from flask_api.core import fields
from flask_api.core.pagination import page_fields, page_shape
from flask_api.core.resource import Namespace
from flask_api.people.schemas import card

ns = Namespace("likes", description="Likes and matches", path="/")
ns.add_model(card.name, card)

like_filter = ns.request_shape("LikeFilter", page_fields())
standing = ns.response_shape(
    "LikeStanding",
    {
        "liked": fields.Boolean(example=True),
        "is_match": fields.Boolean(example=False, description="Whether they like me too"),
    },
)
liked = ns.response_shape("LikedPerson", {"person": fields.Nested(card), "created_at": fields.DateTime()})
liked_page = page_shape(liked)
match = ns.response_shape("Match", {"person": fields.Nested(card), "created_at": fields.DateTime()})
match_page = page_shape(match)
like_received = ns.response_shape(
    "LikeReceived",
    {
        "person": fields.Nested(card, nullable=True, description="null without the entitlement `likes_received`"),
        "day": fields.Date(description="UTC"),
    },
)
likes_received = ns.response_shape(
    "LikesReceived",
    {
        "count": fields.Integer(example=12, description="999 stands for more as well"),
        "shows_who": fields.Boolean(description="Whether I have the entitlement `likes_received`"),
        "items": fields.List(fields.Nested(like_received)),
        "next_cursor": fields.String(nullable=True, description="For the next page; null on the last one"),
    },
)
