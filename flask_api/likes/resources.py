"""HTTP of likes."""

from typing import Any

from flask import g

from flask_api.core.auth import login_check
from flask_api.core.pagination import BadCursor
from flask_api.core.rate_limits import limited_inside
from flask_api.core.resource import Resource
from flask_api.likes import schemas, services
from flask_api.likes.schemas import ns
from flask_api.people.sight import NotYourself
from flask_api.users.services import UserNotFound


@ns.route("/likes")
class LikeList(Resource):
    @login_check
    @ns.query(schemas.like_filter)
    @ns.fails(BadCursor)
    @ns.answer(schemas.liked_page)
    def get(self, **page: Any) -> Any:
        """List the people I like, newest first."""
        return services.list_likes(g.user_id, **page)


@ns.route("/likes/<int:user_id>")
class LikeItem(Resource):
    @login_check
    @limited_inside(services.LIKES_PER_USER)
    @ns.fails(NotYourself, UserNotFound, services.TooManyLikes)
    @ns.answer(schemas.standing, message="Liked")
    def put(self, user_id: int) -> Any:
        """Like somebody."""
        return services.like(g.user_id, user_id)

    @login_check
    @ns.answer(message="Like taken back")
    def delete(self, user_id: int) -> None:
        """Take a like back, and the match that came of it."""
        services.unlike(g.user_id, user_id)


@ns.route("/likes/received")
class ReceivedLikes(Resource):
    @login_check
    @ns.query(schemas.like_filter)
    @ns.fails(BadCursor)
    @ns.answer(schemas.likes_received)
    def get(self, **page: Any) -> Any:
        """List the likes I got, newest first."""
        return services.list_likes_received(g.user_id, **page)


@ns.route("/likes/received/seen")
class ReceivedLikesSeen(Resource):
    @login_check
    @ns.answer(message="Likes seen")
    def post(self) -> None:
        """Say that I have seen the likes I got."""
        services.mark_likes_seen(g.user_id)


@ns.route("/matches")
class MatchList(Resource):
    @login_check
    @ns.query(schemas.like_filter)
    @ns.fails(BadCursor)
    @ns.answer(schemas.match_page)
    def get(self, **page: Any) -> Any:
        """List my matches, newest first."""
        return services.list_matches(g.user_id, **page)


@ns.route("/matches/seen")
class MatchesSeen(Resource):
    @login_check
    @ns.answer(message="Matches seen")
    def post(self) -> None:
        """Say that I have seen my matches."""
        services.mark_matches_seen(g.user_id)
