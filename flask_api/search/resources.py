"""HTTP of search."""

from typing import Any

from flask import g

from flask_api.core.auth import login_check
from flask_api.core.errors import InvalidField
from flask_api.core.pagination import BadCursor
from flask_api.core.resource import Resource
from flask_api.nearby.places import PlaceMissing
from flask_api.people.schemas import found_page
from flask_api.search import activity, schemas, services, wishes
from flask_api.search.schemas import ns
from flask_api.users.services import UserNotFound

__all__ = ["activity", "ns"]  # its jobs come round


@ns.route("/users/me/wishes")
class Wishes(Resource):
    @login_check
    @ns.answer(schemas.wishes)
    def get(self) -> Any:
        """Show whom I look for."""
        return g.caller

    @login_check
    @ns.body(schemas.wish_changes)
    @ns.fails(InvalidField, UserNotFound)
    @ns.answer(schemas.wishes)
    def put(self, sent: dict[str, Any]) -> Any:
        """Say whom I look for."""
        return wishes.change_wishes(g.user_id, **sent)


@ns.route("/search/people")
class PeopleSearch(Resource):
    @login_check
    @ns.query(schemas.search_filter)
    @ns.fails(InvalidField, BadCursor, PlaceMissing)
    @ns.answer(found_page)
    def get(self, **filters: Any) -> Any:
        """Search for people; a page may be short, or empty, though more follow."""
        return services.search_people(g.caller, **filters)
